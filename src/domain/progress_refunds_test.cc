#include <gtest/gtest.h>

#include "domain/order_run_for_test.h"
#include "domain/progress.h"

// Refunds of complete orders whose steps are reversed by calls.

namespace holdfast {
namespace {

using samples::kDone;
using samples::kUnknown;
using samples::OrderRun;
using samples::points;
using samples::refund_line;
using samples::remote;
using samples::stock;
using samples::Texts;

OrderRun paid_run() {
  OrderRun run = OrderRun::settled({stock(), points(), remote("pay", StepKind::http)});
  run.call(run.forward("pay"), kDone);
  return run;
}

TEST(Refunding, CallsTheOtherSideAndThenGivesBackTheRest) {
  OrderRun run = paid_run();
  const auto refund = run.ask_refund(1, {{refund_line("A-1", 1)}});
  EXPECT_EQ(run.sent(), Texts{"pay " + refund.to_string()});
  EXPECT_EQ(run.refund().status, RefundStatus::reversing);
  EXPECT_EQ(run.refund().next_check_at, run.now + run.policy.dispatch_grace);
  EXPECT_TRUE(run.last.returned.empty());
  run.call(run.reverse("pay", refund.to_string()), kDone);
  EXPECT_EQ(run.refund().status, RefundStatus::refunded);
  EXPECT_EQ(run.order(), "partially_refunded");
  EXPECT_EQ(run.rows.order.refunded_amount, Money{1'000});
  EXPECT_EQ(run.last.returned,
            (std::vector<StockReturn>{{{EffectKind::refund, refund}, Sku{"A-1"}, 1}}));
  EXPECT_EQ(run.last.points, (std::vector<PointsChange>{{{EffectKind::refund, refund}, -10}}));
  EXPECT_FALSE(run.refund().next_check_at.has_value());
}

TEST(Refunding, OfDifferentLinesRunsSideBySide) {
  OrderRun run = paid_run();
  const auto first = run.ask_refund(1, {{refund_line("A-1", 2)}});
  const auto second = run.ask_refund(2, {{refund_line("B-2", 2)}});
  run.begin(run.reverse("pay", first.to_string()));
  run.begin(run.reverse("pay", second.to_string()));
  run.answer(run.reverse("pay", second.to_string()), kDone);
  EXPECT_EQ(run.refund(0).status, RefundStatus::reversing);
  EXPECT_EQ(run.refund(1).status, RefundStatus::refunded);
  EXPECT_EQ(run.rows.order.refunded_amount, Money{500});
  run.answer(run.reverse("pay", first.to_string()), kDone);
  EXPECT_EQ(run.rows.order.refunded_amount, Money{2'500});
  EXPECT_EQ(run.order(), "partially_refunded");
  const auto last = run.ask_refund(3);
  run.call(run.reverse("pay", last.to_string()), kDone);
  EXPECT_EQ(run.order(), "refunded");
  EXPECT_EQ(run.rows.order.points_earned, 0);
}

TEST(Refunding, OfMoreThanTheOrderHasFails) {
  OrderRun run = paid_run();
  run.ask_refund(1, {{refund_line("A-1", 2)}});
  // As if it had been asked for while the order's id stood for more.
  run.rows.refunds[0].lines[0].quantity = Quantity{100};
  run.advance_to(60'000);
  EXPECT_EQ(run.refund().status, RefundStatus::failed);
  EXPECT_TRUE(run.refund().error.has_value());
  EXPECT_FALSE(run.refund().next_check_at.has_value());
  EXPECT_EQ(run.order(), "completed");
  EXPECT_TRUE(run.last.returned.empty());
}

TEST(Refunding, WaitsForAnOperatorWhenItsAttemptsAreUsedUp) {
  OrderRun run = paid_run();
  const auto refund = run.ask_refund(1);
  const auto action = run.reverse("pay", refund.to_string());
  run.exhaust(action);
  EXPECT_EQ(run.refund().status, RefundStatus::needs_attention);
  EXPECT_TRUE(run.refund().error.has_value());
  EXPECT_FALSE(run.refund().next_check_at.has_value());
  ASSERT_EQ(run.last.parkings.size(), 1U);
  EXPECT_EQ(run.last.parkings[0].action, action);
  EXPECT_EQ(run.last.parkings[0].attempts, 3U);
  EXPECT_EQ(run.last.parkings[0].detail, "it said so");
  EXPECT_EQ(run.begin(action).outcome, BeginOutcome::nothing);
  EXPECT_EQ(run.begin(action, true).outcome, BeginOutcome::call);
  EXPECT_EQ(run.refund().status, RefundStatus::reversing);
  EXPECT_FALSE(run.refund().error.has_value());
  run.answer(action, kDone);
  EXPECT_EQ(run.refund().status, RefundStatus::refunded);
  EXPECT_EQ(run.reversal(action).attempts, 4U);
}

TEST(Refunding, GivenUpLeavesItsUnitsToOthers) {
  OrderRun run = paid_run();
  const auto refund = run.ask_refund(1);
  run.exhaust(run.reverse("pay", refund.to_string()));
  run.discard(run.reverse("pay", refund.to_string()));
  EXPECT_EQ(run.refund().status, RefundStatus::failed);
  EXPECT_EQ(run.refund().error, "no hope");
  EXPECT_EQ(run.order(), "completed");
  EXPECT_EQ(run.begin(run.reverse("pay", refund.to_string()), true).outcome, BeginOutcome::nothing);
  const auto second = run.ask_refund(2);
  run.call(run.reverse("pay", second.to_string()), kDone);
  EXPECT_EQ(run.order(), "refunded");
}

OrderRun run_of_two() {
  OrderRun run =
      OrderRun::settled({stock(), remote("a", StepKind::http), remote("b", StepKind::http)});
  run.call(run.forward("a"), kDone);
  run.call(run.forward("b"), kDone);
  return run;
}

TEST(Refunding, NeedsAttentionWhileAnythingIsParked) {
  OrderRun run = run_of_two();
  const auto cause = run.ask_refund(1).to_string();
  run.exhaust(run.reverse("a", cause));
  run.exhaust(run.reverse("b", cause));
  run.begin(run.reverse("a", cause), true);
  EXPECT_EQ(run.refund().status, RefundStatus::needs_attention);
  run.answer(run.reverse("a", cause), kDone);
  EXPECT_EQ(run.refund().status, RefundStatus::needs_attention);
  run.begin(run.reverse("b", cause), true);
  EXPECT_EQ(run.refund().status, RefundStatus::reversing);
  run.answer(run.reverse("b", cause), kDone);
  EXPECT_EQ(run.refund().status, RefundStatus::refunded);
}

TEST(Refunding, GivenUpWaitsForNothingElse) {
  OrderRun run = run_of_two();
  const auto cause = run.ask_refund(1).to_string();
  run.exhaust(run.reverse("a", cause));
  run.call(run.reverse("b", cause), kUnknown);
  run.now += Milliseconds{10'000};
  run.begin(run.reverse("b", cause));
  run.discard(run.reverse("a", cause));
  EXPECT_EQ(run.refund().status, RefundStatus::failed);
  EXPECT_FALSE(run.refund().next_check_at.has_value());
  // The last attempt of the other one gets no answer, and nobody is troubled with it.
  run.retry.attempts = 2;
  run.answer(run.reverse("b", cause), kUnknown);
  EXPECT_TRUE(run.last.parkings.empty());
  EXPECT_EQ(run.sent(), Texts{});
  EXPECT_EQ(run.refund().status, RefundStatus::failed);
}

TEST(Refunding, GivenUpTakesTheOtherParkedOnesAlong) {
  OrderRun run = run_of_two();
  const auto cause = run.ask_refund(1).to_string();
  run.exhaust(run.reverse("a", cause));
  run.exhaust(run.reverse("b", cause));
  run.discard(run.reverse("a", cause));
  EXPECT_EQ(run.last.unparked, std::vector<StepAction>{run.reverse("b", cause)});
  EXPECT_FALSE(run.reversal(run.reverse("b", cause)).parked);
}

TEST(Refunding, OfAHeldRefundBeginsWithTheCompletion) {
  OrderRun run = OrderRun::settled({stock(), remote("pay", StepKind::http)});
  const auto refund = run.ask_refund(1);
  EXPECT_EQ(run.refund().status, RefundStatus::waiting);
  run.call(run.forward("pay"), kDone);
  EXPECT_EQ(run.order(), "completed");
  EXPECT_EQ(run.refund().status, RefundStatus::reversing);
  EXPECT_EQ(run.sent(), Texts{"pay " + refund.to_string()});
}

}  // namespace
}  // namespace holdfast
