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

std::vector<std::string> step_states(const Order& order) {
  std::vector<std::string> states;
  for (const Step& each : order.steps) {
    states.push_back(each.name.value + " " + std::string{to_string(each.status)});
  }
  return states;
}

using Texts = std::vector<std::string>;

TEST(DecideSettlement, CompletesAnOrderWhoseStepsAreAllLocal) {
  const Order order = samples::accepted_order();
  const auto decision = decide_settlement(order, default_plan(), at_ms(2'000));
  EXPECT_EQ(decision.order.status, OrderStatus::completed);
  EXPECT_EQ(decision.order.completed_at, at_ms(2'000));
  EXPECT_EQ(step_states(decision.order), (Texts{"stock done", "points done"}));
  for (const Step& each : decision.order.steps) {
    EXPECT_EQ(each.attempts, 1U);
    EXPECT_EQ(each.updated_at, at_ms(2'000));
  }
  EXPECT_TRUE(decision.deducts_stock);
  EXPECT_EQ(decision.points_delta, 35);
  EXPECT_EQ(decision.order.points_earned, 35);
  EXPECT_EQ(decision.order.lines, order.lines);
  EXPECT_EQ(decision.order.placed_at, order.placed_at);
  EXPECT_FALSE(decision.order.reason.has_value());
}

TEST(DecideSettlement, LeavesRemoteStepsAndWhatFollowsThem) {
  const Plan plan = with_version(
      PlanName{"paid"}, {step("stock", StepKind::stock), step("pay", StepKind::http, {"stock"}),
                         step("points", StepKind::points, {"pay"})});
  const auto decision = decide_settlement(accepted_under(plan), plan, at_ms(2'000));
  EXPECT_EQ(decision.order.status, OrderStatus::processing);
  EXPECT_FALSE(decision.order.completed_at.has_value());
  EXPECT_EQ(step_states(decision.order), (Texts{"stock done", "pay pending", "points pending"}));
  EXPECT_EQ(decision.order.steps[1].attempts, 0U);
  EXPECT_EQ(decision.order.steps[1].updated_at, at_ms(1'000));
  EXPECT_TRUE(decision.deducts_stock);
  EXPECT_EQ(decision.points_delta, 0);
  EXPECT_EQ(decision.order.points_earned, 0);
}

TEST(DecideSettlement, CarriesOutLocalStepsThatFollowLocalOnes) {
  const Plan plan = with_version(
      PlanName{"p"}, {step("points", StepKind::points, {"stock"}), step("stock", StepKind::stock),
                      step("ship", StepKind::amqp, {"points"})});
  const auto decision = decide_settlement(accepted_under(plan), plan, at_ms(2'000));
  EXPECT_EQ(step_states(decision.order), (Texts{"stock done", "points done", "ship pending"}));
  EXPECT_EQ(decision.points_delta, 35);
  EXPECT_EQ(decision.order.status, OrderStatus::processing);
}

TEST(DecideSettlement, DeductsNothingWithoutAStockStep) {
  const Plan plan = with_version(PlanName{"p"}, {step("points", StepKind::points)});
  const auto decision = decide_settlement(accepted_under(plan), plan, at_ms(2'000));
  EXPECT_FALSE(decision.deducts_stock);
  EXPECT_EQ(decision.order.status, OrderStatus::completed);
}

TEST(DecideSettlement, GivesWholePointsOnly) {
  auto points = step("points", StepKind::points);
  points.points_per = 1'000;
  const Plan plan = with_version(PlanName{"p"}, {points});
  EXPECT_EQ(decide_settlement(accepted_under(plan), plan, at_ms(0)).points_delta, 3);
}

TEST(DecideSettlementDeathTest, AssertsStatusAndPlan) {
  EXPECT_DEATH(decide_settlement(samples::completed_order(), default_plan(), at_ms(0)),
               "assertion failed");
  const Plan other = with_version(PlanName{"default"}, {step("stock", StepKind::stock)});
  EXPECT_DEATH(decide_settlement(samples::accepted_order(), other, at_ms(0)), "assertion failed");
}

TEST(DecideRefusal, CancelsWithNothingDone) {
  const Order order = samples::accepted_order();
  const auto decision = decide_refusal(order, CancelReason::stock_mismatch, at_ms(3'000));
  EXPECT_EQ(decision.order.status, OrderStatus::cancelled);
  EXPECT_EQ(decision.order.reason, CancelReason::stock_mismatch);
  EXPECT_EQ(step_states(decision.order), (Texts{"stock skipped", "points skipped"}));
  EXPECT_EQ(decision.order.steps[0].attempts, 0U);
  EXPECT_EQ(decision.order.steps[0].updated_at, at_ms(3'000));
  EXPECT_FALSE(decision.deducts_stock);
  EXPECT_EQ(decision.points_delta, 0);
  EXPECT_EQ(decision.order.points_earned, 0);
  EXPECT_FALSE(decision.order.completed_at.has_value());
  EXPECT_EQ(decide_refusal(order, CancelReason::step_failed, at_ms(0)).order.reason,
            CancelReason::step_failed);
}

TEST(DecideRefusalDeathTest, AssertsThatNothingWasDone) {
  EXPECT_DEATH(decide_refusal(samples::completed_order(), CancelReason::stock_mismatch, at_ms(0)),
               "assertion failed");
}

}  // namespace
}  // namespace holdfast
