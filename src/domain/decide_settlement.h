#pragma once

#include <cstdint>

#include "domain/order.h"
#include "domain/plan.h"

namespace holdfast {

/// An order as the settlement writes it, and the local effects that go with it.
struct SettlementDecision {
  Order order;
  bool deducts_stock = false;  ///< by its lines, in the book
  std::int64_t points_delta = 0;
};

/// Carries out the local steps of an `accepted` order: every step whose `after` are done and whose
/// kind is local. All done: `completed`; otherwise `processing`.
SettlementDecision decide_settlement(const Order& order, const Plan& plan, Instant now);

/// The same order when it cannot be carried out: `cancelled` for `stock_mismatch` (the book has
/// not the units) or `step_failed` (an operator gave it up), nothing done, every step `skipped`.
SettlementDecision decide_refusal(const Order& order, CancelReason reason, Instant now);

}  // namespace holdfast
