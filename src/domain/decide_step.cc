#include "domain/decide_step.h"

#include <algorithm>
#include <utility>

#include "domain/assert.h"
#include "domain/defects.h"
#include "domain/transitions.h"

namespace holdfast {
namespace {

Progress unchanged(OrderAggregate aggregate) {
  Progress progress;
  progress.aggregate = std::move(aggregate);
  return progress;
}

Progress advanced(Progress progress, const StepPolicy& policy, Instant now) {
  advance(progress, policy, now);
  return progress;
}

bool is_possible(StepStatus status, StepEvent event) {
  return transition(status, event).verdict != Verdict::impossible;
}

/// The attempts of a forward action are used up.
void exhaust(Progress& progress, Step& step, const StepAction& action, Instant now) {
  const Order& order = progress.aggregate.order;
  step.next_at.reset();
  step.updated_at = now;
  if (order.status == OrderStatus::cancelling) {
    // Nobody waits for it any more: its reverse says that the forward is unknown.
    step.status = next(step.status, StepEvent::given_up);
    step.outcome_unknown = true;
    return;
  }
  step.parked = true;
  progress.parkings.push_back({action, step.attempts, step.error.value_or("")});
}

Refund* refund_of(OrderAggregate& aggregate, const StepAction& action) {
  const auto found = std::find_if(
      aggregate.refunds.begin(), aggregate.refunds.end(),
      [&action](const Refund& refund) { return refund.id.to_string() == action.cause; });
  return found == aggregate.refunds.end() ? nullptr : &*found;
}

/// Its reversals are still to be carried out. Those of a refund that stopped its order are the
/// order's compensation: they go on also where an operator has given the refund up.
bool is_carried_out(const Order& order, const Refund& refund) {
  if (order.status == OrderStatus::cancelling && order.preempted_by == refund.id) return true;
  return refund.status == RefundStatus::reversing || refund.status == RefundStatus::needs_attention;
}

void exhaust(Progress& progress, StepReversal& reversal, const StepAction& action, Instant now) {
  reversal.next_at.reset();
  reversal.updated_at = now;
  reversal.parked = true;
  progress.parkings.push_back({action, reversal.attempts, reversal.error.value_or("")});
  Refund* refund = refund_of(progress.aggregate, action);
  if (refund != nullptr && refund->status != RefundStatus::failed) {
    refund->status = next(refund->status, RefundEvent::parked);
    refund->error = "the reversal of step " + action.step.value +
                    " is parked: " + reversal.error.value_or("no answer");
  }
}

bool is_older(std::uint32_t attempts, const AnswerContext& context) {
  return context.attempt && *context.attempt != attempts;
}

/// A pause of this many attempts, and the message that ends it.
template <class Side>
void pause(Progress& progress, Side& side, const StepAction& action, const AnswerContext& context,
           Instant now) {
  const auto longest = longest_pause(context.retry, std::max(side.charged, 1U));
  const auto jittered = static_cast<std::int64_t>(static_cast<double>(longest.count()) *
                                                  std::clamp(context.jitter, 0.0, 1.0));
  const Milliseconds delay{std::max<std::int64_t>(1, jittered)};
  side.next_at = now + delay;
  side.dispatched = false;  // the message comes when the pause is over
  progress.dispatches.push_back(dispatch_of(progress.aggregate.order, action, delay));
}

/// Operators need not attend to a refund of which nothing is parked any more.
void note_unparked(Refund& refund) {
  const bool any_parked = std::any_of(refund.steps.begin(), refund.steps.end(),
                                      [](const RefundStep& step) { return step.parked; });
  if (any_parked || refund.status != RefundStatus::needs_attention) return;
  refund.status = next(refund.status, RefundEvent::retried);
  refund.error.reset();
}

template <class Side>
bool take_up_parked(Progress& progress, Side& side, const StepAction& action,
                    const BeginContext& context) {
  if (!side.parked) return true;
  if (!context.retried) return false;
  side.parked = false;
  side.charged = 0;
  side.next_at.reset();
  unpark(progress, action);
  return true;
}

/// Nothing is to be called; what else can go on does.
BeginDecision nothing_to_call(Progress progress, const StepPolicy& policy, Instant now) {
  BeginDecision decision;
  decision.progress = advanced(std::move(progress), policy, now);
  return decision;
}

/// A lease of another attempt, or a pause that is not over; not one that was dispatched because it
/// is.
template <class Side>
bool is_early(const Side& side, Instant now) {
  return !side.dispatched && side.next_at && now < *side.next_at;
}

BeginDecision put_off(Progress progress, Instant not_before) {
  BeginDecision decision;
  decision.outcome = BeginOutcome::later;
  decision.not_before = not_before;
  decision.progress = std::move(progress);
  return decision;
}

/// One more attempt of `side`, which is a part of `progress`.
template <class Side>
BeginDecision attempt(Progress&& progress, Side& side, const BeginContext& context,
                      const StepPolicy& policy, Instant now) {
  BeginDecision decision;
  side.attempts += 1;
  side.charged += 1;
  side.next_at = now + context.lease;
  side.dispatched = false;
  side.updated_at = now;
  decision.outcome = BeginOutcome::call;
  decision.attempt = side.attempts;
  decision.progress = advanced(std::move(progress), policy, now);
  return decision;
}

BeginDecision begin_forward(Progress progress, const StepAction& action,
                            const BeginContext& context, const StepPolicy& policy, Instant now) {
  Order& order = progress.aggregate.order;
  Step* step = find_step(order, action.step);
  const bool callable =
      step != nullptr && (step->kind == StepKind::http || step->kind == StepKind::amqp);
  // What has not begun by then is skipped, whether or not anybody has looked since.
  const bool is_overdue = now >= order.placed_at + policy.order_deadline;
  const bool open =
      callable && (step->status == StepStatus::running || step->status == StepStatus::unknown ||
                   (step->status == StepStatus::pending && !is_overdue &&
                    order.status == OrderStatus::processing && step->next_at));
  const bool taken_up =
      callable && (open || step->parked) && take_up_parked(progress, *step, action, context);
  if (!taken_up) return nothing_to_call(std::move(progress), policy, now);
  // A first message is never early.
  if (step->status != StepStatus::pending && is_early(*step, now)) {
    return put_off(std::move(progress), *step->next_at);
  }
  if (step->charged >= context.retry.attempts) {
    // The last attempt got no answer, and whoever made it is gone.
    if (is_possible(step->status, StepEvent::no_answer)) {
      step->status = next(step->status, StepEvent::no_answer);
    }
    if (!step->error) step->error = "no answer";
    exhaust(progress, *step, action, now);
    return nothing_to_call(std::move(progress), policy, now);
  }
  step->status = next(step->status, StepEvent::begun);
  return attempt(std::move(progress), *step, context, policy, now);
}

BeginDecision begin_reverse(Progress progress, const StepAction& action,
                            const BeginContext& context, const StepPolicy& policy, Instant now) {
  StepReversal* reversal = find_reversal(progress.aggregate, action);
  Refund* refund = refund_of(progress.aggregate, action);
  const bool refund_runs = refund == nullptr || is_carried_out(progress.aggregate.order, *refund);
  const bool open = reversal != nullptr && refund_runs && !is_settled(*reversal) &&
                    (reversal->next_at || reversal->parked);
  const bool was_parked = open && reversal->parked;
  if (!open || !take_up_parked(progress, *reversal, action, context)) {
    return nothing_to_call(std::move(progress), policy, now);
  }
  if (was_parked && refund != nullptr) note_unparked(*refund);
  if (reversal->status == ReverseStatus::running && is_early(*reversal, now)) {
    return put_off(std::move(progress), *reversal->next_at);
  }
  if (reversal->charged >= context.retry.attempts) {
    if (!reversal->error) reversal->error = "no answer";
    exhaust(progress, *reversal, action, now);
    return nothing_to_call(std::move(progress), policy, now);
  }
  reversal->status = next(reversal->status, ReverseEvent::begun);
  return attempt(std::move(progress), *reversal, context, policy, now);
}

void succeed(Progress& progress, Step& step, const std::optional<std::string>& reference,
             Instant now) {
  step.status = next(step.status, StepEvent::succeeded);
  if (reference) step.reference = reference;
  step.error.reset();
  step.next_at.reset();
  step.updated_at = now;
  if (step.parked) {
    step.parked = false;
    unpark(progress, {progress.aggregate.order.id, step.name, Direction::forward, ""});
  }
}

void fail(Progress& progress, Step& step, const std::string& error, CancelReason reason,
          Instant now) {
  step.status = next(step.status, StepEvent::declined);
  step.error = error;
  step.next_at.reset();
  step.updated_at = now;
  if (step.parked) {
    step.parked = false;
    unpark(progress, {progress.aggregate.order.id, step.name, Direction::forward, ""});
  }
  begin_cancellation(progress, {reason, step.name, {}}, now);
}

void take_no_answer(Progress& progress, Step& step, const StepAction& action,
                    const StepAnswer& answer, const AnswerContext& context, Instant now) {
  // An older attempt that ended without an answer says nothing of the one under way.
  if (is_older(step.attempts, context) || step.status != StepStatus::running) return;
  step.status = next(step.status, StepEvent::no_answer);
  step.error = answer.detail;
  step.updated_at = now;
  const bool is_wanted = progress.aggregate.order.status == OrderStatus::processing;
  if (context.forgiven && is_wanted && step.charged > 0) step.charged -= 1;
  if (step.charged >= context.retry.attempts) {
    exhaust(progress, step, action, now);
  } else {
    pause(progress, step, action, context, now);
  }
}

void answer_forward(Progress& progress, Step& step, const StepAction& action,
                    const StepAnswer& answer, const AnswerContext& context, Instant now) {
  if (step.attempts == 0) return;  // it was never asked
  auto kind = answer.kind;
  if (kind == StepAnswerKind::unknown) {
    if (HF_DEFECT(unknown_is_failed)) kind = StepAnswerKind::failed;
    if (HF_DEFECT(unknown_is_done)) kind = StepAnswerKind::done;
  }
  switch (kind) {
    case StepAnswerKind::done:
      if (step.status == StepStatus::running || step.status == StepStatus::unknown ||
          step.status == StepStatus::awaiting) {
        succeed(progress, step, answer.reference, now);
      }
      return;
    case StepAnswerKind::failed:
      if (step.status == StepStatus::running || step.status == StepStatus::unknown ||
          step.status == StepStatus::awaiting) {
        fail(progress, step, answer.detail,
             answer.payment_declined ? CancelReason::payment_declined : CancelReason::step_failed,
             now);
      }
      return;
    case StepAnswerKind::awaiting:
      if (step.status != StepStatus::running) return;
      step.status = next(step.status, StepEvent::deferred);
      step.deferred = true;
      step.error.reset();
      if (answer.reference) step.reference = answer.reference;
      step.next_at = now + context.report_timeout;
      step.updated_at = now;
      return;
    case StepAnswerKind::unknown:
      take_no_answer(progress, step, action, answer, context, now);
      return;
  }
  HF_UNREACHABLE("no known kind of answer");
}

void answer_reverse(Progress& progress, StepReversal& reversal, const StepAction& action,
                    const StepAnswer& answer, const AnswerContext& context, Instant now) {
  if (is_settled(reversal) || reversal.attempts == 0) return;
  if (answer.kind == StepAnswerKind::done) {
    reversal.status = next(reversal.status, ReverseEvent::succeeded);
    reversal.reference = answer.reference;
    reversal.amount = answer.amount;
    reversal.error.reset();
    reversal.next_at.reset();
    reversal.updated_at = now;
    if (reversal.parked) {
      reversal.parked = false;
      unpark(progress, action);
      if (Refund* refund = refund_of(progress.aggregate, action)) note_unparked(*refund);
    }
    return;
  }
  if (is_older(reversal.attempts, context) || reversal.parked) return;
  reversal.status = next(reversal.status, ReverseEvent::no_answer);
  reversal.updated_at = now;
  if (answer.kind == StepAnswerKind::awaiting && context.report_timeout.count() > 0) {
    // It is on its way to a worker, whose answer will come by itself.
    reversal.next_at = now + context.report_timeout;
    return;
  }
  reversal.error = answer.detail;
  const Refund* refund = refund_of(progress.aggregate, action);
  if (refund != nullptr && !is_carried_out(progress.aggregate.order, *refund)) {
    reversal.next_at.reset();  // an operator has given the refund up: nothing is asked again
    return;
  }
  if (context.forgiven && reversal.charged > 0) reversal.charged -= 1;
  if (reversal.charged >= context.retry.attempts) {
    exhaust(progress, reversal, action, now);
  } else {
    pause(progress, reversal, action, context, now);
  }
}

/// A party that was waited for, in vain, and has paid all the same.
bool came_too_late(const Order& order, const Step& step, const StepReport& report) {
  if (!report.succeeded || step.kind != StepKind::await || !step.deferred) return false;
  if (step.status == StepStatus::failed) return step.timed_out;
  if (step.status != StepStatus::skipped) return false;
  return step.reversible || order.reason == CancelReason::timed_out;
}

/// It waits for a report; where the other side has said that it will report, its report counts also
/// while it is being asked again.
bool takes_report(const Step& step) {
  if (step.kind == StepKind::amqp) return false;  // its worker answers by message
  if (step.status == StepStatus::awaiting) return true;
  return step.deferred &&
         (step.status == StepStatus::running || step.status == StepStatus::unknown);
}

}  // namespace

Milliseconds longest_pause(const RetryPolicy& retry, std::uint32_t charged) {
  Milliseconds pause = retry.first;
  for (std::uint32_t i = 1; i < charged && pause < retry.max; ++i) {
    const Milliseconds grown = pause * static_cast<std::int64_t>(retry.factor);
    if (grown <= pause) break;
    pause = grown;
  }
  return std::min(pause, retry.max);
}

BeginDecision decide_begin(OrderAggregate aggregate, const StepAction& action,
                           const BeginContext& context, const StepPolicy& policy, Instant now) {
  HF_ASSERT(aggregate.order.id == action.order_id);
  Progress progress = unchanged(std::move(aggregate));
  if (progress.aggregate.order.status == OrderStatus::accepted) {
    // Only its settlement begins anything of an order.
    BeginDecision decision;
    decision.progress = std::move(progress);
    return decision;
  }
  return action.direction == Direction::forward
             ? begin_forward(std::move(progress), action, context, policy, now)
             : begin_reverse(std::move(progress), action, context, policy, now);
}

Progress decide_answer(OrderAggregate aggregate, const StepAction& action, const StepAnswer& answer,
                       const AnswerContext& context, const StepPolicy& policy, Instant now) {
  HF_ASSERT(aggregate.order.id == action.order_id);
  Progress progress = unchanged(std::move(aggregate));
  if (action.direction == Direction::forward) {
    Step* step = find_step(progress.aggregate.order, action.step);
    if (step != nullptr) answer_forward(progress, *step, action, answer, context, now);
  } else {
    StepReversal* reversal = find_reversal(progress.aggregate, action);
    if (reversal != nullptr) answer_reverse(progress, *reversal, action, answer, context, now);
  }
  return advanced(std::move(progress), policy, now);
}

ReportDecision decide_report(OrderAggregate aggregate, const StepName& name,
                             const StepReport& report, const StepPolicy& policy, Instant now) {
  ReportDecision decision;
  Progress& progress = decision.progress;
  progress = unchanged(std::move(aggregate));
  const Order& order = progress.aggregate.order;
  Step* step = find_step(progress.aggregate.order, name);
  if (step == nullptr) {
    decision.outcome = ReportOutcome::unknown_step;
    return decision;
  }
  decision.outcome = ReportOutcome::not_awaiting;
  if (order.status == OrderStatus::accepted) return decision;
  if (step->report) {
    if (*step->report == report) decision.outcome = ReportOutcome::repeated;
    return decision;
  }
  // Past its deadline it is too late, whether or not anybody has looked since.
  advance(progress, policy, now);
  step = find_step(progress.aggregate.order, name);
  if (came_too_late(order, *step, report)) {
    decision.outcome = ReportOutcome::given_back;
    step->report = report;
    if (report.reference) step->reference = report.reference;
    step->updated_at = now;
    if (step->reversible) {
      step->late = StepReversal{};
      step->late->updated_at = now;
    }
  } else if (takes_report(*step)) {
    decision.outcome = ReportOutcome::recorded;
    step->report = report;
    if (report.succeeded) {
      succeed(progress, *step, report.reference, now);
    } else {
      if (report.reference) step->reference = report.reference;
      fail(progress, *step, "the outside party reported a failure", CancelReason::step_failed, now);
    }
  }
  advance(progress, policy, now);
  return decision;
}

namespace {

/// Nothing is waited for any more of a refund that an operator has given up.
void let_go(Progress& progress, Refund& refund, Instant now) {
  for (RefundStep& step : refund.steps) {
    step.next_at.reset();
    if (!step.parked) continue;
    step.parked = false;
    step.given_up = true;
    step.updated_at = now;
    unpark(progress,
           {progress.aggregate.order.id, step.name, Direction::reverse, refund.id.to_string()});
  }
}

}  // namespace

Progress decide_discard(OrderAggregate aggregate, const StepAction& action,
                        const std::string& reason, const StepPolicy& policy, Instant now) {
  Progress progress = unchanged(std::move(aggregate));
  const std::string error = "an operator gave it up: " + reason;
  if (action.direction == Direction::forward) {
    Step* step = find_step(progress.aggregate.order, action.step);
    // One that was never called may be parked without its row saying so.
    const bool never_called =
        step != nullptr && step->status == StepStatus::pending && step->next_at;
    if (step == nullptr || !(step->parked || never_called)) return progress;
    step->outcome_unknown = step->status == StepStatus::unknown;
    step->status = next(step->status, StepEvent::given_up);
    step->parked = false;
    step->error = error;
    step->next_at.reset();
    step->updated_at = now;
    begin_cancellation(progress, {CancelReason::step_failed, step->name, {}}, now);
    return advanced(std::move(progress), policy, now);
  }
  StepReversal* reversal = find_reversal(progress.aggregate, action);
  if (reversal == nullptr || !reversal->parked) return progress;
  reversal->given_up = true;
  reversal->parked = false;
  reversal->error = error;
  reversal->updated_at = now;
  if (Refund* refund = refund_of(progress.aggregate, action)) {
    refund->status = next(refund->status, RefundEvent::discarded);
    refund->error = reason;
    refund->next_check_at.reset();
    if (!is_carried_out(progress.aggregate.order, *refund)) let_go(progress, *refund, now);
  }
  return advanced(std::move(progress), policy, now);
}

}  // namespace holdfast
