#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "domain/order.h"
#include "domain/progress.h"

namespace holdfast {

/// An order as the settlement writes it, and the local effects that go with it.
struct SettlementDecision {
  Order order;
  std::int64_t points_delta = 0;
  std::vector<Dispatch> dispatches;   ///< remote steps that may begin
  std::vector<StockReturn> returned;  ///< of an order that came too late to be waited for
};

/// Takes an `accepted` order into the book. Its units are deducted there whatever its `stock` step
/// comes after: they have left Redis, and the sum of both stores must not change by waiting. Local
/// steps that may begin are carried out. All done: `completed`; otherwise `processing`. One that
/// comes past its deadline is cancelled before any of its steps.
SettlementDecision decide_settlement(const Order& order, const StepPolicy& policy, Instant now);

/// The same order when it is not carried out: `cancelled`, nothing done, every step `skipped`. For
/// `stock_mismatch` (the book has not the units), `step_failed` (an operator gave it up) or
/// `preempted` (a refund came first).
struct Refusal {
  CancelReason reason = CancelReason::stock_mismatch;
  const Refund* preempted_by = nullptr;  ///< says which lines are kept off sale
  bool holds_stock = true;               ///< the ledger has taken its units and must get them back
};
SettlementDecision decide_refusal(const Order& order, const Refusal& refusal, Instant now);

}  // namespace holdfast
