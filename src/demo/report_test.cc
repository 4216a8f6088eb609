#include "demo/report.h"

#include <gtest/gtest.h>

namespace holdfast::demo {
namespace {

using namespace std::chrono_literals;

TEST(Report, WritesNumbersForPeople) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1'000), "1,000");
  EXPECT_EQ(with_commas(1'234'567), "1,234,567");
  EXPECT_EQ(readable(840us), "0.8 ms");
  EXPECT_EQ(readable(12'400us), "12 ms");
  EXPECT_EQ(readable(1'240ms), "1.24 s");
}

TEST(Report, HoldsOnlyWhenEveryCheckHeld) {
  const auto report_of = [](std::initializer_list<bool> checks) {
    Report report(Report::Form::kJson, false);
    Act act;
    for (const bool held : checks) {
      act.check(held, "x", "y");
    }
    report.end_act(act);
    return report.all_held();
  };
  EXPECT_TRUE(report_of({true, true}));
  EXPECT_FALSE(report_of({true, false}));
  EXPECT_FALSE(report_of({}));
  Report failed(Report::Form::kJson, false);
  Act act;
  act.check(true, "x");
  failed.end_act(act);
  failed.fail("gone");
  EXPECT_FALSE(failed.all_held());
}

TEST(Report, SaysWhatWasSeenOnlyWhenACheckFailed) {
  Act act;
  act.check(true, "all", "none");
  act.check(false, "all", "none");
  EXPECT_EQ(act.checks[0].what, "all");
  EXPECT_EQ(act.checks[1].what, "all (none)");
}

}  // namespace
}  // namespace holdfast::demo
