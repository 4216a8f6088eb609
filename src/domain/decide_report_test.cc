#include <gtest/gtest.h>

#include "domain/decide_step.h"
#include "domain/order_run_for_test.h"

// What outside parties report of steps.

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

TEST(Report, EndsAnAwaitedStep) {
  OrderRun run = waiting_for_buyer();
  EXPECT_EQ(run.report("buyer_pays", true, "tx_1"), ReportOutcome::recorded);
  EXPECT_EQ(run.step_of("buyer_pays").reference, "tx_1");
  EXPECT_EQ(run.order(), "completed");
  const OrderAggregate before = run.rows;
  EXPECT_EQ(run.report("buyer_pays", true, "tx_1"), ReportOutcome::repeated);
  EXPECT_EQ(run.report("buyer_pays", false, "tx_1"), ReportOutcome::not_awaiting);
  EXPECT_EQ(run.report("buyer_pays", true, "tx_2"), ReportOutcome::not_awaiting);
  EXPECT_EQ(run.report("no_such", true), ReportOutcome::unknown_step);
  EXPECT_EQ(run.rows, before);
}

TEST(Report, OfFailureCancels) {
  OrderRun run = waiting_for_buyer();
  EXPECT_EQ(run.report("buyer_pays", false), ReportOutcome::recorded);
  EXPECT_EQ(run.order(), "cancelled: step_failed buyer_pays");
  EXPECT_EQ(run.report("buyer_pays", false), ReportOutcome::repeated);
  EXPECT_EQ(run.report("buyer_pays", true), ReportOutcome::not_awaiting);
}

TEST(Report, IsForStepsThatAwaitOne) {
  struct Case {
    const char* name;
    void (*before)(OrderRun& run);
    ReportOutcome outcome;
  };
  constexpr auto kRefused = ReportOutcome::not_awaiting;
  constexpr auto kRecorded = ReportOutcome::recorded;
  const std::vector<Case> cases{
      {"pending", [](OrderRun&) {}, kRefused},
      {"running", [](OrderRun& run) { run.begin(run.forward("pay")); }, kRefused},
      {"unknown", [](OrderRun& run) { run.call(run.forward("pay"), kUnknown); }, kRefused},
      {"done", [](OrderRun& run) { run.call(run.forward("pay"), kDone); }, kRefused},
      {"failed", [](OrderRun& run) { run.call(run.forward("pay"), kFailed); }, kRefused},
      {"skipped", [](OrderRun& run) { run.stop_for(run.ask_refund(1)); }, kRefused},
      {"after a 202", [](OrderRun& run) { run.call(run.forward("pay"), kAwaiting); }, kRecorded},
      {"after a 202 and a second call",
       [](OrderRun& run) {
         run.call(run.forward("pay"), kAwaiting);
         run.advance_to(32'000);
         run.begin(run.forward("pay"));
       },
       kRecorded},
      {"after a 202 and no answer",
       [](OrderRun& run) {
         run.call(run.forward("pay"), kAwaiting);
         run.advance_to(32'000);
         run.call(run.forward("pay"), kUnknown);
       },
       kRecorded}};
  for (const Case& each : cases) {
    for (const bool succeeded : {true, false}) {
      OrderRun run = paying();
      each.before(run);
      EXPECT_EQ(run.report("pay", succeeded), each.outcome) << each.name;
      if (each.outcome == kRecorded) {
        EXPECT_EQ(run.order(), succeeded ? "completed" : "cancelled: step_failed pay");
      }
    }
  }
}

TEST(Report, OfAParkedStepFreesTheOperator) {
  OrderRun run = paying();
  run.retry.attempts = 1;
  run.call(run.forward("pay"), kAwaiting);
  run.advance_to(32'000);
  run.begin(run.forward("pay"));
  EXPECT_TRUE(run.step_of("pay").parked);
  EXPECT_EQ(run.report("pay", true), ReportOutcome::recorded);
  EXPECT_EQ(run.last.unparked, std::vector<StepAction>{run.forward("pay")});
  EXPECT_EQ(run.order(), "completed");
}

TEST(Report, TogetherWithTheTimeoutIsTooLate) {
  OrderRun in_time = waiting_for_buyer();
  in_time.now = at_ms(61'999);
  EXPECT_EQ(in_time.report("buyer_pays", true), ReportOutcome::recorded);
  EXPECT_EQ(in_time.order(), "completed");

  OrderRun late = waiting_for_buyer();
  late.now = at_ms(62'000);  // nobody has looked since
  EXPECT_EQ(late.report("buyer_pays", true, "tx_1"), ReportOutcome::given_back);
  EXPECT_EQ(late.order(), "cancelled: timed_out buyer_pays");
  EXPECT_EQ(late.step_of("buyer_pays").status, StepStatus::failed);
  EXPECT_EQ(late.step_of("buyer_pays").reference, "tx_1");
  EXPECT_EQ(late.sent(), Texts{"buyer_pays late"});
}

TEST(Report, ThatComesTooLateIsGivenBackOnce) {
  OrderRun run = waiting_for_buyer();
  run.advance_to(62'000);
  EXPECT_EQ(run.order(), "cancelled: timed_out buyer_pays");
  EXPECT_EQ(run.report("buyer_pays", false), ReportOutcome::not_awaiting);
  EXPECT_EQ(run.report("buyer_pays", true), ReportOutcome::given_back);
  EXPECT_EQ(run.report("buyer_pays", true), ReportOutcome::repeated);
  EXPECT_EQ(run.sent(), Texts{});
  EXPECT_EQ(run.rows.order.next_check_at, at_ms(72'000));
  const auto late = run.reverse("buyer_pays", "late");
  run.exhaust(late);
  EXPECT_TRUE(run.reversal(late).parked);
  EXPECT_FALSE(run.rows.order.next_check_at.has_value());
  run.begin(late, true);
  run.answer(late, kDone);
  EXPECT_EQ(run.reversal(late).status, ReverseStatus::done);
  EXPECT_FALSE(run.rows.order.next_check_at.has_value());
  EXPECT_EQ(run.order(), "cancelled: timed_out buyer_pays");
}

TEST(Report, OfAStepThatNobodyWaitsForAnyMoreIsGivenBack) {
  for (const bool reversible : {true, false}) {
    PlanStep pays = remote("buyer_pays", StepKind::await);
    if (!reversible) pays.reverse_url.clear();
    OrderRun run = OrderRun::settled({stock(), pays, remote("check", StepKind::http)});
    run.call(run.forward("check"), kFailed);
    EXPECT_EQ(run.steps()[1], "buyer_pays skipped");
    EXPECT_EQ(run.report("buyer_pays", true),
              reversible ? ReportOutcome::given_back : ReportOutcome::not_awaiting);
    EXPECT_EQ(run.sent(), reversible ? Texts{"buyer_pays late"} : Texts{});
  }
}

TEST(Report, OfATimeoutThatCannotBeGivenBackIsTaken) {
  PlanStep pays = remote("buyer_pays", StepKind::await);
  pays.reverse_url.clear();
  OrderRun run = OrderRun::settled({stock(), pays});
  run.advance_to(62'000);
  EXPECT_EQ(run.report("buyer_pays", true), ReportOutcome::given_back);
  EXPECT_EQ(run.sent(), Texts{});
  EXPECT_FALSE(run.step_of("buyer_pays").late.has_value());
}

}  // namespace
}  // namespace holdfast
