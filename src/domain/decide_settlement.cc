#include "domain/decide_settlement.h"

#include <utility>

#include "domain/assert.h"
#include "domain/transitions.h"

namespace holdfast {

SettlementDecision decide_settlement(const Order& order, const StepPolicy& policy, Instant now) {
  HF_ASSERT(order.status == OrderStatus::accepted);
  Progress progress;
  progress.aggregate.order = order;
  progress.aggregate.order.status = next(order.status, OrderEvent::settled);
  if (now >= order.placed_at + policy.order_deadline) {
    // Nobody counts on it any more: a refund that waited for it has ended, its order lost.
    begin_cancellation(progress, {CancelReason::timed_out, {}, {}}, now);
  }
  advance(progress, policy, now);
  SettlementDecision decision;
  decision.order = std::move(progress.aggregate.order);
  for (const PointsChange& change : progress.points) decision.points_delta += change.delta;
  decision.dispatches = std::move(progress.dispatches);
  decision.returned = std::move(progress.returned);
  return decision;
}

SettlementDecision decide_refusal(const Order& order, const Refusal& refusal, Instant now) {
  HF_ASSERT(order.status == OrderStatus::accepted);
  SettlementDecision decision;
  decision.order = order;
  Order& refused = decision.order;
  for (Step& step : refused.steps) {
    step.status = next(step.status, StepEvent::skipped);
    step.updated_at = now;
  }
  // Nothing has been done, so there is nothing to compensate: both arrows at once.
  refused.status = next(refused.status, OrderEvent::cancel_requested);
  refused.status = next(refused.status, OrderEvent::compensated);
  refused.reason = refusal.reason;
  refused.stock_released = !refusal.holds_stock;
  if (refusal.preempted_by != nullptr) {
    refused.preempted_by = refusal.preempted_by->id;
    Refund refund = *refusal.preempted_by;
    take_back_everything(refund, refused);
  }
  return decision;
}

}  // namespace holdfast
