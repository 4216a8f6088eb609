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
  std::vector<Operation> operations;  ///< by time
  Milliseconds length{0};
};

/// A shop's day in small, drawn from a seed: carts and single units, races for the last one,
/// limits, whole and partial refunds, early, late, twice, pre-empting, repeats with the same and
/// with other content, restocks, reports of buyers, an operator's retries.
Workload draw_workload(Random random);

}  // namespace holdfast::sim
