#include "domain/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "domain/samples_for_test.h"

namespace holdfast {
namespace {

using samples::step;

std::vector<std::string> ordered_names(std::vector<PlanStep> steps) {
  std::vector<std::string> names;
  for (const PlanStep& placed : in_dependency_order(with_version(PlanName{"p"}, steps))) {
    names.push_back(placed.name.value);
  }
  return names;
}

std::string version(std::vector<PlanStep> steps) {
  return with_version(PlanName{"p"}, std::move(steps)).version;
}

TEST(Plan, DefaultIsStockThenPointsAtOnePerHundred) {
  const Plan plan = default_plan();
  EXPECT_EQ(plan.name.value, "default");
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_EQ(plan.steps[0].name.value, "stock");
  EXPECT_EQ(plan.steps[0].kind, StepKind::stock);
  EXPECT_EQ(plan.steps[1].name.value, "points");
  EXPECT_EQ(plan.steps[1].kind, StepKind::points);
  EXPECT_EQ(plan.steps[1].points_per, 100);
}

TEST(Plan, LocalKindsAreStockAndPoints) {
  EXPECT_TRUE(is_local(StepKind::stock));
  EXPECT_TRUE(is_local(StepKind::points));
  EXPECT_FALSE(is_local(StepKind::http));
  EXPECT_FALSE(is_local(StepKind::await));
  EXPECT_FALSE(is_local(StepKind::amqp));
}

// The text is written out by hand and hashed by another tool:
// printf '6:plan/1,1:2,5:stock,5:stock,1:0,6:points,6:points,1:0,3:100,' | sha256sum
TEST(Plan, VersionIsStableAcrossReleases) {
  EXPECT_EQ(default_plan().version, "9784890be68c");
}

TEST(Plan, VersionIsTwelveHexDigits) {
  const std::string text = version({});
  EXPECT_EQ(text.size(), 12U);
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Plan, VersionFollowsWhatTheStepsDo) {
  const auto stock = step("stock", StepKind::stock);
  const auto pay = step("pay", StepKind::http, {"stock"});
  auto points = step("points", StepKind::points);
  const std::string base = version({stock, pay, points});
  EXPECT_EQ(base, version({stock, pay, points}));

  auto dearer = points;
  dearer.points_per = 200;
  EXPECT_NE(base, version({stock, pay, dearer}));
  EXPECT_NE(base, version({stock, points, pay}));
  EXPECT_NE(base, version({stock, pay}));
  EXPECT_NE(base, version({stock, step("pay", StepKind::http), points}));
  EXPECT_NE(base, version({stock, step("pay", StepKind::amqp, {"stock"}), points}));
  EXPECT_NE(base, version({stock, step("paid", StepKind::http, {"stock"}), points}));
}

TEST(Plan, VersionIgnoresWhatMakesNoDifference) {
  auto stock = step("stock", StepKind::stock);
  const auto points = step("points", StepKind::points);
  const auto a = step("a", StepKind::http, {"stock", "points"});
  const auto b = step("a", StepKind::http, {"points", "stock"});
  const std::string base = version({stock, points, a});
  EXPECT_EQ(base, version({stock, points, b}));
  stock.points_per = 7;  // of a step that gives no points
  EXPECT_EQ(base, version({stock, points, a}));
}

TEST(Plan, DependencyOrderKeepsTheWrittenOrderWhereItCan) {
  EXPECT_EQ(ordered_names(
                {step("c", StepKind::http), step("a", StepKind::http), step("b", StepKind::http)}),
            (std::vector<std::string>{"c", "a", "b"}));
}

TEST(Plan, DependencyOrderPutsEachStepBehindItsPredecessors) {
  EXPECT_EQ(ordered_names({step("ship", StepKind::http, {"pay", "points"}),
                           step("pay", StepKind::http, {"stock"}), step("stock", StepKind::stock),
                           step("points", StepKind::points)}),
            (std::vector<std::string>{"stock", "pay", "points", "ship"}));
}

TEST(PlanDeathTest, ACycleIsABugOfTheConfigurationCheck) {
  EXPECT_DEATH(ordered_names({step("a", StepKind::http, {"b"}), step("b", StepKind::http, {"a"})}),
               "assertion failed");
}

}  // namespace
}  // namespace holdfast
