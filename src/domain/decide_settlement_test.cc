#include "domain/decide_settlement.h"

#include <gtest/gtest.h>

#include "domain/samples_for_test.h"

namespace holdfast {
namespace {

using samples::at_ms;
using samples::step;

Order accepted_under(const Plan& plan) {
  return make_order(samples::order_request(), plan, samples::identity());
}

SettlementDecision settle(const Order& order, std::int64_t now_ms = 2'000) {
  return decide_settlement(order, StepPolicy{}, at_ms(now_ms));
}

std::vector<std::string> step_states(const Order& order) {
  std::vector<std::string> states;
  for (const Step& each : order.steps) {
    states.push_back(each.name.value + " " + std::string{to_string(each.status)});
  }
  return states;
}

std::vector<std::string> dispatched(const SettlementDecision& decision) {
  std::vector<std::string> keys;
  for (const Dispatch& each : decision.dispatches) {
    keys.push_back(each.action.step.value + " " + std::string{to_string(each.action.direction)});
  }
  return keys;
}

using Texts = std::vector<std::string>;

TEST(DecideSettlement, CompletesAnOrderWhoseStepsAreAllLocal) {
  const Order order = samples::accepted_order();
  const auto decision = settle(order);
  EXPECT_EQ(decision.order.status, OrderStatus::completed);
  EXPECT_EQ(decision.order.completed_at, at_ms(2'000));
  EXPECT_EQ(step_states(decision.order), (Texts{"stock done", "points done"}));
  for (const Step& each : decision.order.steps) {
    EXPECT_EQ(each.attempts, 1U);
    EXPECT_EQ(each.updated_at, at_ms(2'000));
  }
  EXPECT_TRUE(decision.dispatches.empty());
  EXPECT_TRUE(decision.returned.empty());
  EXPECT_EQ(decision.points_delta, 35);
  EXPECT_EQ(decision.order.points_earned, 35);
  EXPECT_EQ(decision.order.lines, order.lines);
  EXPECT_EQ(decision.order.placed_at, order.placed_at);
  EXPECT_FALSE(decision.order.reason.has_value());
  EXPECT_FALSE(decision.order.next_check_at.has_value());
  EXPECT_TRUE(decision.order.stock_released);
}

TEST(DecideSettlement, SendsRemoteStepsOffAndLeavesWhatFollowsThem) {
  const Plan plan = with_version(
      PlanName{"paid"}, {step("stock", StepKind::stock), step("pay", StepKind::http, {"stock"}),
                         step("points", StepKind::points, {"pay"})});
  const auto decision = settle(accepted_under(plan));
  EXPECT_EQ(decision.order.status, OrderStatus::processing);
  EXPECT_FALSE(decision.order.completed_at.has_value());
  EXPECT_EQ(step_states(decision.order), (Texts{"stock done", "pay pending", "points pending"}));
  EXPECT_EQ(decision.order.steps[1].attempts, 0U);
  EXPECT_EQ(decision.order.steps[1].updated_at, at_ms(1'000));
  EXPECT_EQ(dispatched(decision), Texts{"pay forward"});
  EXPECT_EQ(decision.dispatches[0].plan.value, "paid");
  EXPECT_EQ(decision.dispatches[0].plan_version, plan.version);
  EXPECT_EQ(decision.dispatches[0].delay, Milliseconds{0});
  // Looked at again in case that the message is lost.
  EXPECT_EQ(decision.order.next_check_at, at_ms(12'000));
  EXPECT_EQ(decision.points_delta, 0);
  EXPECT_EQ(decision.order.points_earned, 0);
}

TEST(DecideSettlement, CarriesOutLocalStepsThatFollowLocalOnes) {
  const Plan plan = with_version(
      PlanName{"p"}, {step("points", StepKind::points, {"stock"}), step("stock", StepKind::stock),
                      step("ship", StepKind::amqp, {"points"})});
  const auto decision = settle(accepted_under(plan));
  EXPECT_EQ(step_states(decision.order), (Texts{"stock done", "points done", "ship pending"}));
  EXPECT_EQ(dispatched(decision), Texts{"ship forward"});
  EXPECT_EQ(decision.points_delta, 35);
  EXPECT_EQ(decision.order.status, OrderStatus::processing);
}

TEST(DecideSettlement, GivesWholePointsOnly) {
  auto points = step("points", StepKind::points);
  points.points_per = 1'000;
  const Plan plan = with_version(PlanName{"p"}, {points});
  EXPECT_EQ(settle(accepted_under(plan)).points_delta, 3);
}

TEST(DecideSettlement, GivesBackAnOrderThatIsPastItsDeadline) {
  const Plan plan = with_version(PlanName{"paid"},
                                 {step("stock", StepKind::stock), step("points", StepKind::points),
                                  step("pay", StepKind::http, {"stock"})});
  constexpr std::int64_t kDay = std::int64_t{24} * 3'600'000;
  const Order order = accepted_under(plan);
  EXPECT_EQ(settle(order, kDay + 999).order.status, OrderStatus::processing);
  const auto decision = settle(order, kDay + 1'000);
  EXPECT_EQ(decision.order.status, OrderStatus::cancelled);
  EXPECT_EQ(decision.order.reason, CancelReason::timed_out);
  EXPECT_EQ(decision.points_delta, 0);
  ASSERT_EQ(decision.returned.size(), 2U);
  EXPECT_EQ(decision.returned[0], (StockReturn{{EffectKind::cancellation, {}}, Sku{"A-1"}, 3}));
  EXPECT_EQ(decision.returned[1], (StockReturn{{EffectKind::cancellation, {}}, Sku{"B-2"}, 2}));
  EXPECT_FALSE(decision.order.stock_released);
  EXPECT_FALSE(decision.order.next_check_at.has_value());
  // One that has only local steps, too: a refund that waited for it has ended.
  EXPECT_EQ(settle(samples::accepted_order(), kDay + 1'000).order.status, OrderStatus::cancelled);
}

TEST(DecideSettlementDeathTest, AssertsTheStatus) {
  EXPECT_DEATH(settle(samples::completed_order()), "assertion failed");
}

TEST(DecideRefusal, CancelsWithNothingDone) {
  const Order order = samples::accepted_order();
  const auto decision = decide_refusal(order, Refusal{}, at_ms(3'000));
  EXPECT_EQ(decision.order.status, OrderStatus::cancelled);
  EXPECT_EQ(decision.order.reason, CancelReason::stock_mismatch);
  EXPECT_EQ(step_states(decision.order), (Texts{"stock skipped", "points skipped"}));
  EXPECT_EQ(decision.order.steps[0].attempts, 0U);
  EXPECT_EQ(decision.order.steps[0].updated_at, at_ms(3'000));
  EXPECT_EQ(decision.points_delta, 0);
  EXPECT_EQ(decision.order.points_earned, 0);
  EXPECT_FALSE(decision.order.completed_at.has_value());
  EXPECT_FALSE(decision.order.preempted_by.has_value());
  EXPECT_EQ(
      decide_refusal(order, {CancelReason::step_failed, nullptr, true}, at_ms(0)).order.reason,
      CancelReason::step_failed);
}

TEST(DecideRefusal, KnowsWhetherTheLedgerHoldsTheUnits) {
  const Order order = samples::accepted_order();
  const auto decided = [&order](bool holds_stock) {
    return decide_refusal(order, {CancelReason::stock_mismatch, nullptr, holds_stock}, at_ms(0));
  };
  EXPECT_FALSE(decided(true).order.stock_released);
  EXPECT_TRUE(decided(false).order.stock_released);
}

TEST(DecideRefusal, ForARefundKeepsOffSaleWhatTheRefundSays) {
  Refund refund;
  refund.id = samples::id<RefundId>(9);
  refund.lines = {samples::refund_line("B-2", 1, false)};
  const auto decision = decide_refusal(samples::accepted_order(),
                                       {CancelReason::preempted, &refund, true}, at_ms(3'000));
  EXPECT_EQ(decision.order.reason, CancelReason::preempted);
  EXPECT_EQ(decision.order.preempted_by, refund.id);
  EXPECT_EQ(decision.order.lines[0].kept_off_sale, Quantity{0});
  EXPECT_EQ(decision.order.lines[1].kept_off_sale, Quantity{2});
  EXPECT_EQ(decision.order.refunded_amount, Money{0});
}

TEST(DecideRefusalDeathTest, AssertsThatNothingWasDone) {
  EXPECT_DEATH(decide_refusal(samples::completed_order(), Refusal{}, at_ms(0)), "assertion failed");
}

}  // namespace
}  // namespace holdfast
