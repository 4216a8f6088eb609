#include "domain/progress.h"

#include <gtest/gtest.h>

#include "domain/order_run_for_test.h"

// How an order goes on: steps in their order, deadlines, cancellation, pre-emption.

namespace holdfast {
namespace {

using samples::at_ms;
using samples::kAwaiting;
using samples::kDone;
using samples::kFailed;
using samples::kUnknown;
using samples::OrderRun;
using samples::points;
using samples::refund_line;
using samples::remote;
using samples::stock;
using samples::Texts;

TEST(Progress, StepsWithoutDependenciesRunInParallel) {
  OrderRun run =
      OrderRun::settled({stock(), remote("a", StepKind::http), remote("b", StepKind::amqp)});
  EXPECT_EQ(run.sent(), (Texts{"a forward", "b forward"}));
  run.call(run.forward("b"), kDone);
  EXPECT_EQ(run.order(), "processing");
  run.call(run.forward("a"), kDone);
  EXPECT_EQ(run.order(), "completed");
  EXPECT_EQ(run.rows.order.completed_at, run.now);
  EXPECT_FALSE(run.rows.order.next_check_at.has_value());
}

TEST(Progress, ADiamondIsJoinedWhereItIsDrawn) {
  OrderRun run = OrderRun::settled({remote("a", StepKind::http), remote("b", StepKind::http, {"a"}),
                                    remote("c", StepKind::http, {"a"}),
                                    remote("d", StepKind::http, {"b", "c"}), stock({"d"})});
  EXPECT_EQ(run.sent(), Texts{"a forward"});
  run.call(run.forward("a"), kDone);
  EXPECT_EQ(run.sent(), (Texts{"b forward", "c forward"}));
  run.call(run.forward("c"), kDone);
  EXPECT_EQ(run.sent(), Texts{});
  run.call(run.forward("b"), kDone);
  EXPECT_EQ(run.sent(), Texts{"d forward"});
  EXPECT_EQ(run.steps(), (Texts{"a done", "b done", "c done", "d pending", "stock pending"}));
  run.call(run.forward("d"), kDone);
  EXPECT_EQ(run.order(), "completed");
}

TEST(Progress, LocalStepsBetweenRemoteOnesAreCarriedOutOnTheWay) {
  OrderRun run = OrderRun::settled({remote("pay", StepKind::http), points({"pay"}),
                                    stock({"points"}), remote("ship", StepKind::http, {"stock"})});
  EXPECT_EQ(run.steps(), (Texts{"pay pending", "points pending", "stock pending", "ship pending"}));
  EXPECT_EQ(run.rows.order.points_earned, 0);
  run.call(run.forward("pay"), kDone);
  EXPECT_EQ(run.steps(), (Texts{"pay done", "points done", "stock done", "ship pending"}));
  EXPECT_EQ(run.last.points, (std::vector<PointsChange>{{{EffectKind::order, {}}, 35}}));
  EXPECT_EQ(run.rows.order.points_earned, 35);
  EXPECT_EQ(run.sent(), Texts{"ship forward"});
}

TEST(Progress, WhatWasSentAndNotBegunIsSentAgain) {
  OrderRun run = OrderRun::settled({stock(), remote("pay", StepKind::http)});
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(12'000));
  run.advance_to(11'999);
  EXPECT_EQ(run.sent(), Texts{});
  run.advance_to(12'000);
  EXPECT_EQ(run.sent(), Texts{"pay forward"});
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(22'000));
}

TEST(Progress, ADeadRunnersStepIsSentAgainWhenItsLeaseIsOver) {
  OrderRun run = OrderRun::settled({stock(), remote("pay", StepKind::http)});
  run.begin(run.forward("pay"));
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(12'000));
  run.advance_to(12'000);
  EXPECT_EQ(run.sent(), Texts{"pay forward"});
  // However long the message takes: it was sent because the lease was over.
  run.now = at_ms(12'001);
  EXPECT_EQ(run.begin(run.forward("pay")).outcome, BeginOutcome::call);
  EXPECT_EQ(run.step_of("pay").attempts, 2U);
}

TEST(Progress, ABuyerWhoDoesNotPayInTimeCancelsTheOrder) {
  OrderRun run =
      OrderRun::settled({stock(), points(), remote("buyer_pays", StepKind::await, {"stock"})});
  EXPECT_EQ(run.steps(), (Texts{"stock done", "points done", "buyer_pays awaiting"}));
  EXPECT_EQ(run.sent(), Texts{});
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(62'000));
  run.advance_to(61'999);
  EXPECT_EQ(run.order(), "processing");
  run.advance_to(62'000);
  EXPECT_EQ(run.order(), "cancelled: timed_out buyer_pays");
  EXPECT_EQ(run.steps(), (Texts{"stock done", "points done", "buyer_pays failed"}));
  EXPECT_EQ(run.compensations(), (Texts{"stock done", "points done", "buyer_pays not_needed"}));
  const EffectCause cancellation{EffectKind::cancellation, {}};
  EXPECT_EQ(run.last.returned, (std::vector<StockReturn>{{cancellation, Sku{"A-1"}, 3},
                                                         {cancellation, Sku{"B-2"}, 2}}));
  EXPECT_EQ(run.last.points, (std::vector<PointsChange>{{cancellation, -35}}));
  EXPECT_FALSE(run.rows.order.stock_released);
  EXPECT_FALSE(run.rows.order.next_check_at.has_value());
}

TEST(Progress, TheWaitBeginsWhenItsTurnComes) {
  OrderRun run = OrderRun::settled(
      {stock(), remote("check", StepKind::http), remote("buyer_pays", StepKind::await, {"check"})});
  run.now = at_ms(50'000);
  run.call(run.forward("check"), kDone);
  EXPECT_EQ(run.steps(), (Texts{"stock done", "check done", "buyer_pays awaiting"}));
  EXPECT_EQ(run.step_of("buyer_pays").next_at, at_ms(110'000));
}

TEST(Progress, AnOrderIsNotWaitedForLongerThanItsDeadline) {
  OrderRun run = OrderRun::settled({stock(), remote("pay", StepKind::http)});
  run.exhaust(run.forward("pay"));
  EXPECT_EQ(run.order(), "processing");
  constexpr std::int64_t kDeadline = 24 * 3'600'000 + 1'000;
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(kDeadline));
  run.advance_to(kDeadline - 1);
  EXPECT_EQ(run.order(), "processing");
  run.advance_to(kDeadline);
  EXPECT_EQ(run.order(), "cancelling: timed_out");
  EXPECT_EQ(run.steps(), (Texts{"stock done", "pay failed"}));
  EXPECT_EQ(run.sent(), Texts{"pay cancel"});
  EXPECT_TRUE(run.reversal(run.reverse("pay")).forward_unknown);
  EXPECT_EQ(run.last.unparked, std::vector<StepAction>{run.forward("pay")});
}

TEST(Progress, WhatIsParkedAndGivenUpAtOnceIsNoOperatorsTrouble) {
  OrderRun run = OrderRun::settled({stock(), remote("pay", StepKind::http)});
  run.retry.attempts = 1;
  run.begin(run.forward("pay"));
  run.now = at_ms(24 * 3'600'000 + 1'000);
  run.answer(run.forward("pay"), kUnknown);
  EXPECT_EQ(run.order(), "cancelling: timed_out");
  EXPECT_TRUE(run.last.parkings.empty());
  EXPECT_FALSE(run.step_of("pay").parked);
}

// --- Cancellation ---

TEST(Cancellation, SkipsWhatHasNotBegunAndReversesWhatIsDone) {
  OrderRun run = OrderRun::settled({stock(), points(), remote("fraud", StepKind::http),
                                    remote("pay", StepKind::http, {"fraud"}),
                                    remote("ship", StepKind::http, {"pay"})});
  run.call(run.forward("fraud"), kDone);
  StepAnswer declined;
  declined.kind = kFailed;
  declined.payment_declined = true;
  declined.detail = "402";
  run.begin(run.forward("pay"));
  run.answer(run.forward("pay"), declined);
  EXPECT_EQ(run.order(), "cancelling: payment_declined pay");
  EXPECT_EQ(run.steps(),
            (Texts{"stock done", "points done", "fraud done", "pay failed", "ship skipped"}));
  EXPECT_EQ(run.sent(), Texts{"fraud cancel"});
  EXPECT_EQ(run.compensations(), (Texts{"stock pending", "points pending", "fraud pending",
                                        "pay not_needed", "ship not_needed"}));
  // The stock and the points come last.
  EXPECT_TRUE(run.last.returned.empty());
  EXPECT_EQ(run.rows.order.points_earned, 35);
  run.call(run.reverse("fraud"), kDone);
  EXPECT_EQ(run.order(), "cancelled: payment_declined pay");
  EXPECT_EQ(run.last.returned.size(), 2U);
  EXPECT_EQ(run.rows.order.points_earned, 0);
  EXPECT_FALSE(run.rows.order.next_check_at.has_value());
}

TEST(Cancellation, WaitsForWhatIsInFlight) {
  struct Case {
    const char* name;
    void (*before)(OrderRun& run);
    const char* status;
  };
  const std::vector<Case> cases{
      {"running", [](OrderRun& run) { run.begin(run.forward("a")); }, "a running"},
      {"paused", [](OrderRun& run) { run.call(run.forward("a"), kUnknown); }, "a unknown"},
      {"deferred", [](OrderRun& run) { run.call(run.forward("a"), kAwaiting); }, "a awaiting"}};
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    OrderRun run = OrderRun::settled({stock(), remote("done", StepKind::http),
                                      remote("a", StepKind::http), remote("b", StepKind::http)});
    run.call(run.forward("done"), kDone);
    each.before(run);
    run.call(run.forward("b"), kFailed);
    EXPECT_EQ(run.order(), "cancelling: step_failed b");
    EXPECT_EQ(run.steps()[2], each.status);
    // Nothing is reversed, not even what is done.
    EXPECT_EQ(run.sent(), Texts{});
    EXPECT_EQ(run.compensations(), Texts{});
    // Its attempts go on, and it is reversed with the others once it is known.
    run.now += Milliseconds{40'000};
    run.advance_to(run.now.time_since_epoch().count());
    run.call(run.forward("a"), kDone);
    EXPECT_EQ(run.sent(), (Texts{"a cancel", "done cancel"}));
  }
}

TEST(Cancellation, AStepThatNobodyKnowsOfIsReversedAsUnknown) {
  OrderRun run =
      OrderRun::settled({stock(), remote("a", StepKind::http), remote("b", StepKind::http)});
  run.begin(run.forward("a"));
  run.call(run.forward("b"), kFailed);
  run.answer(run.forward("a"), kUnknown);
  run.now += Milliseconds{20'000};
  run.call(run.forward("a"), kUnknown);
  EXPECT_EQ(run.sent(), Texts{"a forward"});
  run.now += Milliseconds{20'000};
  run.call(run.forward("a"), kUnknown);
  EXPECT_EQ(run.steps(), (Texts{"stock done", "a failed", "b failed"}));
  EXPECT_TRUE(run.step_of("a").outcome_unknown);
  EXPECT_TRUE(run.last.parkings.empty());
  EXPECT_EQ(run.sent(), Texts{"a cancel"});
  EXPECT_TRUE(run.reversal(run.reverse("a")).forward_unknown);
  run.call(run.reverse("a"), kDone);
  EXPECT_EQ(run.order(), "cancelled: step_failed b");
}

TEST(Cancellation, GoesBackThroughLocalSteps) {
  // a <- points <- b, and c on the side.
  OrderRun run = OrderRun::settled(
      {stock(), remote("a", StepKind::http), points({"a"}), remote("b", StepKind::http, {"points"}),
       remote("c", StepKind::http), remote("last", StepKind::http, {"b"})});
  run.call(run.forward("a"), kDone);
  run.call(run.forward("b"), kDone);
  run.call(run.forward("c"), kDone);
  run.call(run.forward("last"), kFailed);
  EXPECT_EQ(run.sent(), (Texts{"c cancel", "b cancel"}));
  run.call(run.reverse("c"), kDone);
  EXPECT_EQ(run.sent(), Texts{});
  run.call(run.reverse("b"), kDone);
  EXPECT_EQ(run.sent(), Texts{"a cancel"});
  EXPECT_EQ(run.rows.order.points_earned, 35);
  run.call(run.reverse("a"), kDone);
  EXPECT_EQ(run.order(), "cancelled: step_failed last");
  EXPECT_EQ(run.rows.order.points_earned, 0);
}

TEST(Cancellation, NeedsNoCallWhereNothingCanBeTakenBack) {
  PlanStep notify = remote("notify", StepKind::http);
  notify.reverse_url.clear();
  OrderRun run = OrderRun::settled({stock(), notify, remote("pay", StepKind::http)});
  run.call(run.forward("notify"), kDone);
  run.call(run.forward("pay"), kFailed);
  EXPECT_EQ(run.order(), "cancelled: step_failed pay");
  EXPECT_EQ(run.compensations(), (Texts{"stock done", "notify not_needed", "pay not_needed"}));
}

TEST(Cancellation, ReturnsTheStockAlsoWhereItsStepHadNotCome) {
  OrderRun run = OrderRun::settled({remote("pay", StepKind::http), stock({"pay"})});
  run.call(run.forward("pay"), kFailed);
  EXPECT_EQ(run.order(), "cancelled: step_failed pay");
  EXPECT_EQ(run.compensations(), (Texts{"pay not_needed", "stock not_needed"}));
  EXPECT_EQ(run.last.returned.size(), 2U);
}

TEST(Cancellation, KeepsItsFirstReason) {
  OrderRun run =
      OrderRun::settled({stock(), remote("a", StepKind::http), remote("b", StepKind::http)});
  run.begin(run.forward("a"));
  run.begin(run.forward("b"));
  run.answer(run.forward("a"), kFailed);
  run.answer(run.forward("b"), kFailed);
  EXPECT_EQ(run.order(), "cancelled: step_failed a");
}

TEST(Cancellation, LeavesRefundsOfItVoid) {
  OrderRun run = OrderRun::settled({stock(), remote("pay", StepKind::http)});
  run.ask_refund(1, {{refund_line("A-1", 1)}});
  run.ask_refund(2);
  run.call(run.forward("pay"), kFailed);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(run.refund(i).status, RefundStatus::void_);
    EXPECT_FALSE(run.refund(i).next_check_at.has_value());
  }
}

// --- Pre-emption ---

TEST(Preemption, BeforeAnythingWasTakenGivesBackNothing) {
  OrderRun run = OrderRun::settled({stock(), points(), remote("pay", StepKind::http, {"stock"})});
  const auto other = run.ask_refund(1, {{refund_line("A-1", 1)}});
  run.stop_for(run.ask_refund(2));
  EXPECT_EQ(run.order(), "cancelled: preempted");
  EXPECT_EQ(run.steps(), (Texts{"stock done", "points done", "pay skipped"}));
  EXPECT_EQ(run.refund(0).id, other);
  EXPECT_EQ(run.refund(0).status, RefundStatus::void_);
  EXPECT_EQ(run.refund(1).status, RefundStatus::refunded);
  EXPECT_EQ(run.refund(1).amount, Money{0});
  EXPECT_EQ(run.refund(1).refunded_at, run.now);
  EXPECT_TRUE(run.refund(1).stock_released);
  EXPECT_FALSE(run.rows.order.stock_released);
  EXPECT_EQ(run.rows.order.refunded_amount, Money{0});
  EXPECT_EQ(run.last.returned.size(), 2U);
}

TEST(Preemption, GivesBackWhatWasTaken) {
  OrderRun run = OrderRun::settled(
      {stock(), remote("pay", StepKind::http), remote("ship", StepKind::http, {"pay"})});
  run.call(run.forward("pay"), kDone);
  const auto refund = run.ask_refund(2, {{refund_line("A-1", 3), refund_line("B-2", 2, false)}});
  run.stop_for(refund);
  EXPECT_EQ(run.order(), "cancelling: preempted");
  EXPECT_EQ(run.rows.order.preempted_by, refund);
  EXPECT_EQ(run.refund().status, RefundStatus::reversing);
  EXPECT_EQ(run.sent(), Texts{"pay " + refund.to_string()});
  EXPECT_EQ(run.compensations(), Texts{});
  run.call(run.reverse("pay", refund.to_string()), kDone);
  EXPECT_EQ(run.order(), "cancelled: preempted");
  EXPECT_EQ(run.refund().status, RefundStatus::refunded);
  EXPECT_EQ(run.refund().amount, Money{3'500});
  EXPECT_EQ(run.rows.order.refunded_amount, Money{3'500});
  EXPECT_EQ(run.last.returned,
            (std::vector<StockReturn>{{{EffectKind::cancellation, {}}, Sku{"A-1"}, 3}}));
}

TEST(Preemption, OfAnUnknownForwardGivesBackWhatTheOtherSideSays) {
  struct Case {
    std::optional<std::int64_t> said;
    std::int64_t amount;
  };
  for (const Case& each : {Case{0, 0}, Case{3'500, 3'500}, Case{9'999, 3'500}, Case{{}, 3'500}}) {
    OrderRun run = OrderRun::settled({stock(), remote("pay", StepKind::http)});
    run.exhaust(run.forward("pay"));
    EXPECT_TRUE(run.step_of("pay").parked);
    const auto refund = run.ask_refund(2);
    run.stop_for(refund);
    EXPECT_EQ(run.last.unparked, std::vector<StepAction>{run.forward("pay")});
    const auto action = run.reverse("pay", refund.to_string());
    EXPECT_TRUE(run.reversal(action).forward_unknown);
    run.begin(action);
    StepAnswer done;
    done.kind = kDone;
    done.amount = each.said;
    run.answer(action, done);
    EXPECT_EQ(run.refund().status, RefundStatus::refunded);
    EXPECT_EQ(run.refund().amount, Money{each.amount});
  }
}

TEST(Preemption, OfAStepThatNeverAnswersEndsByItself) {
  OrderRun run = OrderRun::settled({stock(), remote("pay", StepKind::http)});
  const auto refund = run.ask_refund(2);
  run.begin(run.forward("pay"));
  run.stop_for(refund);
  EXPECT_EQ(run.order(), "cancelling: preempted");
  EXPECT_EQ(run.sent(), Texts{});
  EXPECT_EQ(run.step_of("pay").status, StepStatus::running);
  for (int i = 0; i < 3; ++i) {
    run.answer(run.forward("pay"), kUnknown);
    run.now += Milliseconds{10'000};
    run.begin(run.forward("pay"));
  }
  run.call(run.reverse("pay", refund.to_string()), kDone);
  EXPECT_EQ(run.order(), "cancelled: preempted");
  EXPECT_EQ(run.refund().status, RefundStatus::refunded);
}

TEST(Preemption, GoesOnWhereItsRefundIsGivenUp) {
  OrderRun run = OrderRun::settled({stock(), remote("pay", StepKind::http),
                                    remote("ship", StepKind::http, {"pay"}),
                                    remote("thank", StepKind::await, {"ship"})});
  run.call(run.forward("pay"), kDone);
  run.call(run.forward("ship"), kDone);
  const auto refund = run.ask_refund(2);
  run.stop_for(refund);
  run.exhaust(run.reverse("ship", refund.to_string()));
  EXPECT_EQ(run.refund().status, RefundStatus::needs_attention);
  run.discard(run.reverse("ship", refund.to_string()));
  EXPECT_EQ(run.refund().status, RefundStatus::failed);
  // What was charged is given back all the same, and somebody looks after it.
  EXPECT_EQ(run.sent(), Texts{"pay " + refund.to_string()});
  EXPECT_TRUE(run.rows.order.next_check_at.has_value());
  run.exhaust(run.reverse("pay", refund.to_string()));
  EXPECT_EQ(run.last.parkings.size(), 1U);
  EXPECT_EQ(run.begin(run.reverse("pay", refund.to_string()), true).outcome, BeginOutcome::call);
  run.answer(run.reverse("pay", refund.to_string()), kDone);
  EXPECT_EQ(run.order(), "cancelled: preempted");
  EXPECT_EQ(run.refund().status, RefundStatus::failed);
}

TEST(Preemption, NeedsAttentionWhileAnythingIsParked) {
  OrderRun run = OrderRun::settled(
      {stock(), remote("pay", StepKind::http), remote("ship", StepKind::http, {"pay"})});
  run.call(run.forward("pay"), kDone);
  const auto refund = run.ask_refund(2);
  run.stop_for(refund);
  run.exhaust(run.reverse("pay", refund.to_string()));
  EXPECT_EQ(run.refund().status, RefundStatus::needs_attention);
  // Whoever sends the refund itself again has not sent its step again.
  run.refund().status = RefundStatus::reversing;
  run.advance_to(run.now.time_since_epoch().count());
  EXPECT_EQ(run.refund().status, RefundStatus::needs_attention);
}

TEST(PreemptionDeathTest, AssertsThatTheOrderIsUnderWay) {
  OrderRun run = OrderRun::settled({stock()});
  const auto refund = run.ask_refund(2);
  EXPECT_DEATH(run.stop_for(refund), "assertion failed");
}

// --- What is due, and when ---

TEST(NextCheck, IsTheEarliestThatIsDue) {
  OrderRun run =
      OrderRun::settled({stock(), remote("a", StepKind::http), remote("b", StepKind::await)});
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(12'000));
  run.begin(run.forward("a"));
  run.answer(run.forward("a"), kAwaiting);
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(32'000));
  run.now = at_ms(3'000);
  EXPECT_EQ(run.report("a", true), ReportOutcome::recorded);
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(62'000));
  run.report("b", true);
  EXPECT_EQ(run.order(), "completed");
  EXPECT_FALSE(run.rows.order.next_check_at.has_value());
}

TEST(NextCheck, IsUnsetWhileOnlyAnOperatorCanHelp) {
  OrderRun run =
      OrderRun::settled({stock(), remote("a", StepKind::http), remote("b", StepKind::http)});
  run.call(run.forward("a"), kDone);
  run.call(run.forward("b"), kFailed);
  run.exhaust(run.reverse("a"));
  EXPECT_EQ(run.order(), "cancelling: step_failed b");
  EXPECT_FALSE(run.rows.order.next_check_at.has_value());
  run.discard(run.reverse("a"));
  EXPECT_EQ(run.order(), "cancelled: step_failed b");
  EXPECT_FALSE(run.rows.order.next_check_at.has_value());
}

}  // namespace
}  // namespace holdfast
