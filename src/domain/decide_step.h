#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "domain/plan.h"
#include "domain/progress.h"

namespace holdfast {

/// What is to be done with a message about a step.
enum class BeginOutcome {
  nothing,  ///< there is nothing to do, or another message does it
  later,    ///< not before `not_before`
  call,     ///< call the other side now; the row says so
};

struct BeginDecision {
  BeginOutcome outcome = BeginOutcome::nothing;
  Instant not_before;         ///< of `later`
  std::uint32_t attempt = 0;  ///< of `call`: which one this is, from 1
  Progress progress;          ///< to be written whatever the outcome
};

struct BeginContext {
  RetryPolicy retry;
  Milliseconds lease{10'000};  ///< how long nobody else begins it: longer than the call can take
  bool retried = false;        ///< an operator sends it again: its attempts count anew
};

/// Begins an attempt of `action` if one is to be made now. The attempt is written before the call,
/// so that a crash leaves it to be repeated under the same key.
BeginDecision decide_begin(OrderAggregate aggregate, const StepAction& action,
                           const BeginContext& context, const StepPolicy& policy, Instant now);

struct AnswerContext {
  std::optional<std::uint32_t> attempt;  ///< which one is answered; unset: the present one
  RetryPolicy retry;
  Milliseconds report_timeout{0};  ///< of `awaiting`: how long the report may take
  double jitter = 1.0;             ///< from 0 to 1: which part of the longest pause is waited
  /// The other side is out for everybody: the attempt does not count towards the limit.
  bool forgiven = false;
};

/// Writes down what an attempt of `action` came to, and brings on what follows from it. A final no
/// to a reverse is asked again like an unknown: nothing that was taken is kept.
Progress decide_answer(OrderAggregate aggregate, const StepAction& action, const StepAnswer& answer,
                       const AnswerContext& context, const StepPolicy& policy, Instant now);

enum class ReportOutcome {
  unknown_step,
  not_awaiting,
  repeated,  ///< the same was reported before
  recorded,
  given_back,  ///< it came too late; what it brought goes back
};

struct ReportDecision {
  ReportOutcome outcome = ReportOutcome::recorded;
  Progress progress;
};

/// Writes down what an outside party reports of a step that waits for it.
ReportDecision decide_report(OrderAggregate aggregate, const StepName& name,
                             const StepReport& report, const StepPolicy& policy, Instant now);

/// An operator gives a parked action up for good: a forward counts as failed and cancels its order,
/// a refund's reverse fails the refund, a compensation goes on without it.
Progress decide_discard(OrderAggregate aggregate, const StepAction& action,
                        const std::string& reason, const StepPolicy& policy, Instant now);

/// The longest pause after this many charged attempts.
Milliseconds longest_pause(const RetryPolicy& retry, std::uint32_t charged);

}  // namespace holdfast
