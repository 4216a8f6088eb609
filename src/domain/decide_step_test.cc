#include "domain/decide_step.h"

#include <gtest/gtest.h>

#include "domain/order_run_for_test.h"

// Messages about a step, its answers, and what operators do with parked ones.

namespace holdfast {
namespace {

using samples::at_ms;
using samples::kAwaiting;
using samples::kDone;
using samples::kFailed;
using samples::kUnknown;
using samples::OrderRun;
using samples::paying;
using samples::remote;
using samples::stock;
using samples::Texts;
using samples::waiting_for_buyer;

/// An order whose payment is to be given back for its cancellation.
OrderRun giving_back() {
  OrderRun run = OrderRun::settled(
      {stock(), remote("pay", StepKind::http), remote("ship", StepKind::http, {"pay"})});
  run.call(run.forward("pay"), kDone);
  run.call(run.forward("ship"), kFailed);
  return run;
}

TEST(LongestPause, GrowsUpToItsMax) {
  const RetryPolicy retry{8, Milliseconds{1'000}, 3, Milliseconds{20'000}};
  const std::vector<std::int64_t> expected{1'000, 1'000, 3'000, 9'000, 20'000, 20'000};
  for (std::uint32_t charged = 0; charged < expected.size(); ++charged) {
    EXPECT_EQ(longest_pause(retry, charged).count(), expected[charged]) << charged;
  }
  EXPECT_EQ(longest_pause({8, Milliseconds{500}, 1, Milliseconds{900}}, 7).count(), 500);
  EXPECT_EQ(longest_pause({8, Milliseconds{500}, 3, Milliseconds{100}}, 1).count(), 100);
}

// --- Beginning ---

TEST(Begin, WritesTheAttemptBeforeTheCall) {
  OrderRun run = paying();
  run.now = at_ms(3'000);
  const auto decision = run.begin(run.forward("pay"));
  EXPECT_EQ(decision.outcome, BeginOutcome::call);
  EXPECT_EQ(decision.attempt, 1U);
  const Step& pay = run.step_of("pay");
  EXPECT_EQ(pay.status, StepStatus::running);
  EXPECT_EQ(pay.attempts, 1U);
  EXPECT_EQ(pay.next_at, at_ms(13'000));
  EXPECT_EQ(pay.updated_at, at_ms(3'000));
}

TEST(Begin, LeavesALeaseAndAPauseAlone) {
  OrderRun run = paying();
  run.begin(run.forward("pay"));
  auto again = run.begin(run.forward("pay"));
  EXPECT_EQ(again.outcome, BeginOutcome::later);
  EXPECT_EQ(again.not_before, at_ms(12'000));
  EXPECT_EQ(run.step_of("pay").attempts, 1U);

  run.answer(run.forward("pay"), kUnknown);
  ASSERT_EQ(run.last.dispatches.size(), 1U);
  EXPECT_EQ(run.last.dispatches[0].delay, Milliseconds{1'000});
  run.now = at_ms(2'999);
  again = run.begin(run.forward("pay"));
  EXPECT_EQ(again.outcome, BeginOutcome::later);
  EXPECT_EQ(again.not_before, at_ms(3'000));
  run.now = at_ms(3'000);
  EXPECT_EQ(run.begin(run.forward("pay")).outcome, BeginOutcome::call);
  EXPECT_EQ(run.step_of("pay").attempts, 2U);
}

TEST(Begin, DoesNotPutOffWhatWasSentBecauseThePauseIsOver) {
  OrderRun run = paying();
  run.call(run.forward("pay"), kUnknown);
  run.advance_to(3'000);  // somebody else was quicker than the message of the pause
  EXPECT_EQ(run.sent(), Texts{"pay forward"});
  run.now = at_ms(3'001);
  EXPECT_EQ(run.begin(run.forward("pay")).outcome, BeginOutcome::call);
  EXPECT_EQ(run.begin(run.forward("pay")).outcome, BeginOutcome::later);

  OrderRun back = giving_back();
  back.call(back.reverse("pay"), kUnknown);
  back.advance_to(3'000);
  EXPECT_EQ(back.sent(), Texts{"pay cancel"});
  back.now = at_ms(3'001);
  EXPECT_EQ(back.begin(back.reverse("pay")).outcome, BeginOutcome::call);
  EXPECT_EQ(back.begin(back.reverse("pay")).outcome, BeginOutcome::later);
}

TEST(Begin, FindsNothingToDo) {
  struct Case {
    const char* name;
    void (*before)(OrderRun& run);
  };
  const std::vector<Case> cases{
      {"done", [](OrderRun& run) { run.call(run.forward("pay"), kDone); }},
      {"failed", [](OrderRun& run) { run.call(run.forward("pay"), kFailed); }},
      {"awaiting", [](OrderRun& run) { run.call(run.forward("pay"), kAwaiting); }},
      {"parked", [](OrderRun& run) { run.exhaust(run.forward("pay")); }},
      {"skipped", [](OrderRun& run) { run.stop_for(run.ask_refund(1)); }}};
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    OrderRun run = paying();
    each.before(run);
    const OrderAggregate before = run.rows;
    EXPECT_EQ(run.begin(run.forward("pay")).outcome, BeginOutcome::nothing);
    EXPECT_EQ(run.rows, before);
    EXPECT_EQ(run.sent(), Texts{});
  }
}

TEST(Begin, KnowsNoStepsThatAreNotCalled) {
  OrderRun run =
      OrderRun::settled({stock(), remote("a", StepKind::http), remote("b", StepKind::http, {"a"}),
                         remote("buyer_pays", StepKind::await)});
  for (const char* name : {"stock", "b", "buyer_pays", "no_such"}) {
    EXPECT_EQ(run.begin(run.forward(name)).outcome, BeginOutcome::nothing) << name;
  }
  for (const char* cause : {"cancel", "late", "01000000-0000-0000-0000-000000000001", "x"}) {
    EXPECT_EQ(run.begin(run.reverse("a", cause)).outcome, BeginOutcome::nothing) << cause;
  }
}

TEST(Begin, KnowsNothingOfAnOrderThatIsOnlyAccepted) {
  OrderRun run({stock(), remote("pay", StepKind::http)});
  const OrderAggregate before = run.rows;
  EXPECT_EQ(run.begin(run.forward("pay")).outcome, BeginOutcome::nothing);
  run.answer(run.forward("pay"), kDone);
  EXPECT_EQ(run.report("pay", true), ReportOutcome::not_awaiting);
  EXPECT_EQ(run.rows, before);
}

TEST(Begin, ParksWhereTheLastRunnerDied) {
  OrderRun run = paying();
  run.retry.attempts = 1;
  run.begin(run.forward("pay"));
  run.now = at_ms(12'000);
  EXPECT_EQ(run.begin(run.forward("pay")).outcome, BeginOutcome::nothing);
  EXPECT_EQ(run.step_of("pay").status, StepStatus::unknown);
  EXPECT_TRUE(run.step_of("pay").parked);
  ASSERT_EQ(run.last.parkings.size(), 1U);
  EXPECT_EQ(run.last.parkings[0], (StepParking{run.forward("pay"), 1, "no answer"}));
}

// --- Answers of a forward ---

TEST(Answer, OfEveryKindInEveryState) {
  struct Case {
    const char* state;
    void (*before)(OrderRun& run);
    // The step after done, failed, awaiting, unknown.
    Texts after;
  };
  const std::vector<Case> cases{
      {"pending", [](OrderRun&) {}, {"pending", "pending", "pending", "pending"}},
      {"running",
       [](OrderRun& run) { run.begin(run.forward("pay")); },
       {"done", "failed", "awaiting", "unknown"}},
      {"awaiting",
       [](OrderRun& run) { run.call(run.forward("pay"), kAwaiting); },
       {"done", "failed", "awaiting", "awaiting"}},
      {"unknown",
       [](OrderRun& run) { run.call(run.forward("pay"), kUnknown); },
       {"done", "failed", "unknown", "unknown"}},
      {"parked",
       [](OrderRun& run) { run.exhaust(run.forward("pay")); },
       {"done", "failed", "unknown", "unknown"}},
      {"done",
       [](OrderRun& run) { run.call(run.forward("pay"), kDone); },
       {"done", "done", "done", "done"}},
      {"failed",
       [](OrderRun& run) { run.call(run.forward("pay"), kFailed); },
       {"failed", "failed", "failed", "failed"}},
      {"skipped",
       [](OrderRun& run) { run.stop_for(run.ask_refund(1)); },
       {"skipped", "skipped", "skipped", "skipped"}}};
  constexpr std::array kKinds{kDone, kFailed, kAwaiting, kUnknown};
  for (const Case& each : cases) {
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      OrderRun run = paying();
      each.before(run);
      run.answer(run.forward("pay"), kKinds[i]);
      EXPECT_EQ(to_string(run.step_of("pay").status), each.after[i])
          << each.state << " + " << to_string(kKinds[i]);
    }
  }
}

TEST(Answer, OfSuccessKeepsTheReference) {
  OrderRun run = paying();
  run.call(run.forward("pay"), kUnknown);
  EXPECT_EQ(run.step_of("pay").error, "it said so");
  StepAnswer done;
  done.kind = kDone;
  done.reference = "ch_1";
  run.answer(run.forward("pay"), done);
  EXPECT_EQ(run.step_of("pay").reference, "ch_1");
  EXPECT_FALSE(run.step_of("pay").error.has_value());
  EXPECT_FALSE(run.step_of("pay").next_at.has_value());
  EXPECT_EQ(run.order(), "completed");
}

TEST(Answer, OfFailureSaysWhy) {
  OrderRun run = paying();
  StepAnswer declined;
  declined.kind = kFailed;
  declined.payment_declined = true;
  declined.detail = "402: no cover";
  run.begin(run.forward("pay"));
  run.answer(run.forward("pay"), declined);
  EXPECT_EQ(run.order(), "cancelled: payment_declined pay");
  EXPECT_EQ(run.step_of("pay").error, "402: no cover");
}

TEST(Answer, OfAnOlderAttemptCountsWhereItSaysSomething) {
  for (const auto kind : {kDone, kFailed, kUnknown}) {
    OrderRun run = paying();
    run.begin(run.forward("pay"));
    run.now = at_ms(12'000);
    run.begin(run.forward("pay"));
    const OrderAggregate before = run.rows;
    run.answer(run.forward("pay"), kind, 1);
    if (kind == kUnknown) {
      EXPECT_EQ(run.rows, before);
    } else {
      EXPECT_EQ(run.steps()[1], kind == kDone ? "pay done" : "pay failed");
    }
  }
}

TEST(Answer, WaitsForAReportAndThenAsksAgain) {
  OrderRun run = paying();
  run.call(run.forward("pay"), kAwaiting);
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(32'000));
  run.advance_to(31'999);
  EXPECT_EQ(run.sent(), Texts{});
  run.advance_to(32'000);
  EXPECT_EQ(run.sent(), Texts{"pay forward"});
  EXPECT_EQ(run.step_of("pay").status, StepStatus::unknown);
  EXPECT_EQ(run.begin(run.forward("pay")).attempt, 2U);
  // Its report counts also now.
  EXPECT_EQ(run.report("pay", true), ReportOutcome::recorded);
  EXPECT_EQ(run.order(), "completed");
}

TEST(Answer, UsesAttemptsUpAndParks) {
  OrderRun run = paying();
  run.call(run.forward("pay"), kUnknown);
  run.now += Milliseconds{1'000};
  run.call(run.forward("pay"), kUnknown);
  EXPECT_EQ(run.last.dispatches.at(0).delay, Milliseconds{3'000});
  run.now += Milliseconds{3'000};
  run.call(run.forward("pay"), kUnknown);
  EXPECT_EQ(run.sent(), Texts{});
  EXPECT_EQ(run.last.parkings, (std::vector<StepParking>{{run.forward("pay"), 3, "it said so"}}));
  EXPECT_EQ(run.order(), "processing");
  EXPECT_EQ(run.steps()[1], "pay unknown");
  EXPECT_TRUE(run.step_of("pay").parked);
}

TEST(Answer, JitterTakesAPartOfThePause) {
  struct Case {
    double jitter;
    std::int64_t pause_ms;
  };
  for (const Case& each : {Case{0.0, 1}, Case{0.25, 250}, Case{1.0, 1'000}, Case{7.0, 1'000}}) {
    OrderRun run = paying();
    run.begin(run.forward("pay"));
    AnswerContext context;
    context.retry = run.retry;
    context.jitter = each.jitter;
    run.take(decide_answer(run.rows, run.forward("pay"), {}, context, run.policy, run.now));
    EXPECT_EQ(run.last.dispatches.at(0).delay.count(), each.pause_ms);
    EXPECT_EQ(run.step_of("pay").next_at, run.now + Milliseconds{each.pause_ms});
  }
}

TEST(Answer, IsForgivenWhereTheOtherSideIsOutForAll) {
  OrderRun run = paying();
  AnswerContext context;
  context.retry = run.retry;
  context.forgiven = true;
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(run.begin(run.forward("pay")).outcome, BeginOutcome::call);
    run.take(decide_answer(run.rows, run.forward("pay"), {}, context, run.policy, run.now));
    EXPECT_FALSE(run.step_of("pay").parked);
    run.now += run.retry.max;
  }
  EXPECT_EQ(run.step_of("pay").attempts, 10U);
  EXPECT_EQ(run.step_of("pay").charged, 0U);
}

TEST(Answer, ToWhatWasNeverAskedSaysNothing) {
  OrderRun run = giving_back();
  EXPECT_EQ(run.sent(), Texts{"pay cancel"});
  for (const auto kind : {kDone, kFailed, kAwaiting, kUnknown}) {
    const OrderAggregate before = run.rows;
    run.answer(run.reverse("pay"), kind);
    run.answer(run.reverse("ship"), kind);
    run.answer(run.reverse("pay", "late"), kind);
    run.answer(run.reverse("no_such"), kind);
    run.answer(run.forward("no_such"), kind);
    EXPECT_EQ(run.rows, before);
  }
  OrderRun buyer = waiting_for_buyer();
  buyer.answer(buyer.forward("buyer_pays"), kDone);
  EXPECT_EQ(buyer.steps()[1], "buyer_pays awaiting");
}

// --- Answers of a reverse ---

TEST(AnswerOfAReverse, EndsTheCompensation) {
  OrderRun run = giving_back();
  run.begin(run.reverse("pay"));
  StepAnswer done;
  done.kind = kDone;
  done.reference = "rf_1";
  done.amount = 3'500;
  run.answer(run.reverse("pay"), done);
  const StepReversal& reversal = run.reversal(run.reverse("pay"));
  EXPECT_EQ(reversal.status, ReverseStatus::done);
  EXPECT_EQ(reversal.reference, "rf_1");
  EXPECT_EQ(reversal.amount, 3'500);
  EXPECT_EQ(reversal.attempts, 1U);
  EXPECT_EQ(run.order(), "cancelled: step_failed ship");
}

TEST(AnswerOfAReverse, IsAskedAgainUntilItIsYes) {
  for (const auto kind : {kFailed, kUnknown}) {
    OrderRun run = giving_back();
    run.exhaust(run.reverse("pay"));
    EXPECT_EQ(run.order(), "cancelling: step_failed ship");
    EXPECT_TRUE(run.reversal(run.reverse("pay")).parked);
    EXPECT_EQ(run.begin(run.reverse("pay")).outcome, BeginOutcome::nothing);
    EXPECT_EQ(run.begin(run.reverse("pay"), true).outcome, BeginOutcome::call);
    EXPECT_EQ(run.last.unparked, std::vector<StepAction>{run.reverse("pay")});
    run.answer(run.reverse("pay"), kind);
    EXPECT_EQ(run.sent(), Texts{"pay cancel"});
    run.now += Milliseconds{1'000};
    run.call(run.reverse("pay"), kDone);
    EXPECT_EQ(run.order(), "cancelled: step_failed ship");
  }
}

TEST(AnswerOfAReverse, ThatAWorkerHasIsWaitedFor) {
  OrderRun run = giving_back();
  run.call(run.reverse("pay"), kAwaiting);
  EXPECT_EQ(run.sent(), Texts{});
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(32'000));
  run.advance_to(32'000);
  EXPECT_EQ(run.sent(), Texts{"pay cancel"});
  EXPECT_EQ(run.begin(run.reverse("pay")).outcome, BeginOutcome::call);
}

TEST(AnswerOfAReverse, ThatIsSettledChangesNothing) {
  OrderRun run = giving_back();
  run.call(run.reverse("pay"), kDone);
  const OrderAggregate before = run.rows;
  StepAnswer other;
  other.kind = kDone;
  other.amount = 1;
  run.answer(run.reverse("pay"), other);
  for (const auto kind : {kFailed, kAwaiting, kUnknown}) run.answer(run.reverse("pay"), kind);
  EXPECT_EQ(run.rows, before);
}

TEST(AnswerOfAReverse, ThatComesLateFreesTheOperator) {
  OrderRun run = giving_back();
  run.exhaust(run.reverse("pay"));
  run.answer(run.reverse("pay"), kDone, 1);
  EXPECT_EQ(run.last.unparked, std::vector<StepAction>{run.reverse("pay")});
  EXPECT_EQ(run.order(), "cancelled: step_failed ship");
}

// --- Operators ---

TEST(Retry, CountsAttemptsAnewUnderTheSameKey) {
  OrderRun run = paying();
  run.exhaust(run.forward("pay"));
  EXPECT_EQ(run.begin(run.forward("pay")).outcome, BeginOutcome::nothing);
  const auto retried = run.begin(run.forward("pay"), true);
  EXPECT_EQ(retried.outcome, BeginOutcome::call);
  EXPECT_EQ(retried.attempt, 4U);
  EXPECT_EQ(run.last.unparked, std::vector<StepAction>{run.forward("pay")});
  EXPECT_EQ(run.step_of("pay").charged, 1U);
  // Asked twice it is sent once.
  EXPECT_EQ(run.begin(run.forward("pay"), true).outcome, BeginOutcome::later);
  run.answer(run.forward("pay"), kUnknown);
  EXPECT_FALSE(run.step_of("pay").parked);
}

TEST(Discard, OfAnUnknownForwardReversesItAsUnknown) {
  OrderRun run = paying();
  run.exhaust(run.forward("pay"));
  run.discard(run.forward("pay"));
  EXPECT_EQ(run.order(), "cancelling: step_failed pay");
  EXPECT_EQ(run.steps()[1], "pay failed");
  EXPECT_EQ(run.step_of("pay").error, "an operator gave it up: no hope");
  EXPECT_EQ(run.sent(), Texts{"pay cancel"});
  EXPECT_TRUE(run.reversal(run.reverse("pay")).forward_unknown);
}

// The forward was under way for so long that its reverse, sent as unknown, was answered first.
TEST(Answer, OfAForwardAfterItsReverseWasAnsweredChangesNothing) {
  for (const StepAnswerKind late : {kDone, kFailed, kUnknown, StepAnswerKind::awaiting}) {
    OrderRun run = paying();
    run.exhaust(run.forward("pay"));
    run.discard(run.forward("pay"));
    for (const bool reversed : {false, true}) {
      if (reversed) run.call(run.reverse("pay"), kDone);
      const OrderAggregate before = run.rows;
      run.answer(run.forward("pay"), late, 1);
      EXPECT_EQ(run.rows, before) << to_string(late);
      EXPECT_EQ(run.sent(), Texts{});
    }
    EXPECT_EQ(run.order(), "cancelled: step_failed pay");
    EXPECT_EQ(run.compensations(), (Texts{"stock done", "pay done"}));
  }
}

TEST(Discard, OfAForwardThatWasNeverCalledReversesNothing) {
  for (const bool parked : {true, false}) {
    OrderRun run = paying();
    if (parked) {
      run.step_of("pay").parked = true;
      run.step_of("pay").next_at.reset();
    }
    run.discard(run.forward("pay"));
    EXPECT_EQ(run.order(), "cancelled: step_failed pay");
    EXPECT_EQ(run.compensations(), (Texts{"stock done", "pay not_needed"}));
    EXPECT_FALSE(run.rows.order.next_check_at.has_value());
  }
}

TEST(Retry, OfAForwardThatWasNeverCalledCallsIt) {
  OrderRun run = paying();
  run.step_of("pay").parked = true;
  run.step_of("pay").next_at.reset();
  run.advance_to(3'000);
  EXPECT_EQ(run.sent(), Texts{});
  EXPECT_EQ(run.begin(run.forward("pay")).outcome, BeginOutcome::nothing);
  EXPECT_EQ(run.begin(run.forward("pay"), true).outcome, BeginOutcome::call);
}

TEST(Discard, OfACompensationGoesOnWithoutIt) {
  OrderRun run = giving_back();
  run.exhaust(run.reverse("pay"));
  run.discard(run.reverse("pay"));
  EXPECT_EQ(run.order(), "cancelled: step_failed ship");
  EXPECT_TRUE(run.reversal(run.reverse("pay")).given_up);
  EXPECT_FALSE(run.reversal(run.reverse("pay")).parked);
  EXPECT_EQ(run.last.returned.size(), 2U);
}

TEST(Discard, OfWhatIsNotParkedChangesNothing) {
  OrderRun run = giving_back();
  run.begin(run.reverse("pay"));
  const OrderAggregate before = run.rows;
  for (const auto& action : {run.forward("pay"), run.forward("ship"), run.forward("no_such"),
                             run.reverse("pay"), run.reverse("ship"), run.reverse("pay", "late")}) {
    run.discard(action);
    EXPECT_EQ(run.rows, before);
  }
}

}  // namespace
}  // namespace holdfast
