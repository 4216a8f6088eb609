#include "domain/decide_settlement.h"

#include <algorithm>

#include "domain/assert.h"
#include "domain/decide_refund.h"
#include "domain/transitions.h"

namespace holdfast {
namespace {

const PlanStep& planned_step(const Plan& plan, const StepName& name) {
  const auto found = std::find_if(plan.steps.begin(), plan.steps.end(),
                                  [&name](const PlanStep& step) { return step.name == name; });
  HF_ASSERT(found != plan.steps.end());
  return *found;
}

bool is_done(const Order& order, const StepName& name) {
  return std::any_of(order.steps.begin(), order.steps.end(), [&name](const Step& step) {
    return step.name == name && step.status == StepStatus::done;
  });
}

bool may_begin(const Order& order, const PlanStep& planned) {
  return std::all_of(planned.after.begin(), planned.after.end(),
                     [&order](const StepName& name) { return is_done(order, name); });
}

/// What carrying out the local step means beside its own state.
void apply_effect(const PlanStep& planned, SettlementDecision& decision) {
  switch (planned.kind) {
    case StepKind::stock: decision.deducts_stock = true; return;
    case StepKind::points:
      decision.points_delta += points_for(decision.order.amount, planned.points_per);
      return;
    case StepKind::http:
    case StepKind::await:
    case StepKind::amqp: break;
  }
  HF_UNREACHABLE("no local step");
}

}  // namespace

SettlementDecision decide_settlement(const Order& order, const Plan& plan, Instant now) {
  HF_ASSERT(order.status == OrderStatus::accepted);
  HF_ASSERT(order.plan == plan.name && order.plan_version == plan.version);
  SettlementDecision decision;
  decision.order = order;
  Order& settled = decision.order;
  // The steps stand in dependency order, so one pass carries out all that can be.
  for (Step& step : settled.steps) {
    const PlanStep& planned = planned_step(plan, step.name);
    if (!is_local(step.kind) || !may_begin(settled, planned)) continue;
    step.status = next(step.status, StepEvent::succeeded);
    step.attempts += 1;
    step.updated_at = now;
    apply_effect(planned, decision);
  }
  settled.points_earned = decision.points_delta;
  const bool all_done =
      std::all_of(settled.steps.begin(), settled.steps.end(),
                  [](const Step& step) { return step.status == StepStatus::done; });
  settled.status = next(settled.status, all_done ? OrderEvent::steps_done : OrderEvent::settled);
  if (all_done) settled.completed_at = now;
  return decision;
}

SettlementDecision decide_refusal(const Order& order, CancelReason reason, Instant now) {
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
  refused.reason = reason;
  return decision;
}

}  // namespace holdfast
