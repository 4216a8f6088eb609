#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/decide_settlement.h"
#include "domain/decide_step.h"
#include "domain/samples_for_test.h"

namespace holdfast::samples {

using Texts = std::vector<std::string>;

inline constexpr auto kDone = StepAnswerKind::done;
inline constexpr auto kFailed = StepAnswerKind::failed;
inline constexpr auto kUnknown = StepAnswerKind::unknown;
inline constexpr auto kAwaiting = StepAnswerKind::awaiting;

inline PlanStep stock(std::vector<const char*> after = {}) {
  return step("stock", StepKind::stock, std::move(after));
}

inline PlanStep points(std::vector<const char*> after = {}) {
  return step("points", StepKind::points, std::move(after));
}

inline PlanStep remote(const char* name, StepKind kind, std::vector<const char*> after = {}) {
  PlanStep made = step(name, kind, std::move(after));
  made.forward_url = "http://other/side";
  made.reverse_url = "http://other/side/back";
  made.timeout = Milliseconds{60'000};
  return made;
}

/// One order on its way, step by step; what it does is told in words. Placed at 1'000 ms of 35.00,
/// settled at 2'000.
struct OrderRun {
  explicit OrderRun(std::vector<PlanStep> steps) {
    const Plan plan = with_version(PlanName{"p"}, std::move(steps));
    rows.order = make_order(order_request(), plan, identity());
  }

  /// Of a settled order.
  static OrderRun settled(std::vector<PlanStep> steps) {
    OrderRun run(std::move(steps));
    auto decision = decide_settlement(run.rows.order, run.policy, run.now);
    run.rows.order = std::move(decision.order);
    run.last.dispatches = std::move(decision.dispatches);
    return run;
  }

  [[nodiscard]] StepAction forward(const char* name) const {
    return {rows.order.id, StepName{name}, Direction::forward, ""};
  }
  [[nodiscard]] StepAction reverse(const char* name, const std::string& cause = "cancel") const {
    return {rows.order.id, StepName{name}, Direction::reverse, cause};
  }

  void take(Progress progress) {
    last = std::move(progress);
    rows = last.aggregate;
  }
  Progress start() const {
    Progress progress;
    progress.aggregate = rows;
    return progress;
  }

  BeginDecision begin(const StepAction& action, bool retried = false) {
    auto decision = decide_begin(rows, action, {retry, lease, retried}, policy, now);
    take(decision.progress);
    return decision;
  }
  void answer(const StepAction& action, StepAnswer said,
              std::optional<std::uint32_t> attempt = {}) {
    AnswerContext context;
    context.attempt = attempt;
    context.retry = retry;
    context.report_timeout = report_timeout;
    take(decide_answer(rows, action, said, context, policy, now));
  }
  void answer(const StepAction& action, StepAnswerKind kind,
              std::optional<std::uint32_t> attempt = {}) {
    StepAnswer said;
    said.kind = kind;
    said.detail = "it said so";
    answer(action, std::move(said), attempt);
  }
  /// Called and answered.
  void call(const StepAction& action, StepAnswerKind kind) {
    begin(action);
    answer(action, kind);
  }
  /// Asked again, after every pause, until its attempts are used up.
  void exhaust(const StepAction& action) {
    for (std::uint32_t i = 0; i < retry.attempts; ++i) {
      call(action, StepAnswerKind::unknown);
      now += retry.max;
    }
  }
  ReportOutcome report(const char* name, bool succeeded,
                       std::optional<std::string> reference = {}) {
    auto decision =
        decide_report(rows, StepName{name}, {succeeded, std::move(reference)}, policy, now);
    take(std::move(decision.progress));
    return decision.outcome;
  }
  void discard(const StepAction& action) {
    take(decide_discard(rows, action, "no hope", policy, now));
  }
  void advance_to(std::int64_t at) {
    now = at_ms(at);
    Progress progress = start();
    advance(progress, policy, now);
    take(std::move(progress));
  }
  RefundId ask_refund(std::uint8_t number, std::optional<std::vector<RefundLine>> lines = {}) {
    RefundRequest request;
    request.lines = std::move(lines);
    const auto refund = id<RefundId>(number);
    auto decision =
        decide_refund_request(rows.order, rows.refunds, refund, "f", request, policy.refund, now);
    Progress progress = start();
    progress.aggregate.refunds.push_back(decision.refund.value());
    advance(progress, policy, now);
    take(std::move(progress));
    return refund;
  }
  void stop_for(const RefundId& refund) {
    Progress progress = start();
    preempt(progress, refund, now);
    advance(progress, policy, now);
    take(std::move(progress));
  }

  Step& step_of(const char* name) { return *find_step(rows.order, StepName{name}); }
  Refund& refund(std::size_t which = 0) { return rows.refunds.at(which); }
  StepReversal& reversal(const StepAction& action) { return *find_reversal(rows, action); }

  [[nodiscard]] Texts steps() const {
    Texts texts;
    for (const Step& each : rows.order.steps) {
      texts.push_back(each.name.value + " " + std::string{to_string(each.status)});
    }
    return texts;
  }
  [[nodiscard]] Texts compensations() const {
    Texts texts;
    for (const Step& each : rows.order.steps) {
      if (!each.compensation) continue;
      texts.push_back(each.name.value + " " + std::string{to_string(each.compensation->status)});
    }
    return texts;
  }
  /// What the last decision sends.
  [[nodiscard]] Texts sent() const {
    Texts texts;
    for (const Dispatch& each : last.dispatches) {
      const std::string& cause = each.action.cause;
      texts.push_back(each.action.step.value + " " + (cause.empty() ? "forward" : cause));
    }
    return texts;
  }
  [[nodiscard]] std::string order() const {
    std::string text{to_string(rows.order.status)};
    if (rows.order.reason) text += ": " + std::string{to_string(*rows.order.reason)};
    if (rows.order.failed_step) text += " " + rows.order.failed_step->value;
    return text;
  }

  OrderAggregate rows;
  Progress last;
  StepPolicy policy;
  RetryPolicy retry{3, Milliseconds{1'000}, 3, Milliseconds{5'000}};
  Milliseconds lease{10'000};
  Milliseconds report_timeout{30'000};
  Instant now = at_ms(2'000);
};

/// An order whose payment is under way.
inline OrderRun paying() {
  return OrderRun::settled({stock(), remote("pay", StepKind::http)});
}

inline OrderRun waiting_for_buyer() {
  return OrderRun::settled({stock(), remote("buyer_pays", StepKind::await)});
}

}  // namespace holdfast::samples
