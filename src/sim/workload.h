#pragma once

#include <optional>
#include <set>
#include <vector>

#include "sim/history.h"
#include "sim/random.h"

namespace holdfast::sim {

/// What is in the shop at the start.
struct StockAtStart {
  std::string sku;
  std::int64_t units = 0;
  std::optional<std::int64_t> purchase_limit;
};

struct Workload {
  std::vector<StockAtStart> stock;
  std::vector<Operation> operations;  ///< each at the place that its number says
  Milliseconds length{0};
};

/// A shop's day in small, drawn from a seed: carts and single units, races for the last one,
/// limits and their changes, whole and partial refunds, early, late, twice, pre-empting, repeats
/// with the same and with other content, at once and when the journal has forgotten the order (it
/// keeps it for `retention`), restocks, reports of buyers, looks at everything, an operator who
/// retries and discards.
Workload draw_workload(Random random, Milliseconds retention);

}  // namespace holdfast::sim
