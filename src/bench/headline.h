#pragma once

#include <string>
#include <vector>

#include "bench/failure.h"
#include "bench/proc_files.h"
#include "bench/results.h"
#include "bench/stage.h"

namespace holdfast::bench {

// The phases that the headline figures come from; each writes what it measured to `results`.

Result<void> bring_stock_in(Stage& stage);
Result<void> warm_up(Stage& stage);
// As many orders as all clients can place. Returns the ids of some, to be refunded.
Result<std::vector<std::string>> top_load(Stage& stage, const Processes& processes,
                                          Results& results);
// Latencies where half of that is offered, by a timetable.
Result<void> half_load(Stage& stage, Results& results);
Result<void> sold_out(Stage& stage, Results& results);
// Refunds of orders that are complete. The memory of Holdfast is what it is after them.
Result<void> late_refunds(Stage& stage, const std::vector<std::string>& order_ids,
                          const Processes& processes, Results& results);

}  // namespace holdfast::bench
