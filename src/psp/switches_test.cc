#include "psp/switches.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace holdfast::psp {
namespace {

using boost::json::parse;
using std::chrono::milliseconds;

TEST(SwitchesTest, MergeChangesWhatIsNamed) {
  const Switches before{.delay = milliseconds(10), .decline = 0.5};
  const auto after =
      merged(before, parse(R"({"jitter": "2s", "lose-answer": 0.25, "report_delay": 300})"));
  ASSERT_TRUE(after) << after.error();
  EXPECT_EQ(*after, (Switches{.delay = milliseconds(10),
                              .jitter = milliseconds(2000),
                              .decline = 0.5,
                              .lose_answer = 0.25,
                              .report_delay = milliseconds(300)}));
}

TEST(SwitchesTest, WhatIsShownCanBePutBack) {
  const Switches switches{.delay = milliseconds(1),
                          .jitter = milliseconds(2),
                          .decline = 1,
                          .unavailable = 0.125,
                          .hang = 0.25,
                          .lose_answer = 0.5,
                          .defer = 0.0625,
                          .report_delay = milliseconds(90'000)};
  EXPECT_EQ(merged(Switches{}, parse(to_json(switches))), switches);
}

TEST(SwitchesTest, AreShownAsPeopleWriteThem) {
  EXPECT_EQ(to_json({.delay = milliseconds(50), .decline = 0.1, .hang = 1}),
            R"({"delay":"50ms","jitter":"0ms","report_delay":"1000ms","decline":0.1,)"
            R"("unavailable":0,"hang":1,"lose_answer":0,"defer":0})");
}

TEST(SwitchesTest, RefusesWhatIsNoSwitchOrOutOfBounds) {
  for (const char* text :
       {"[]", "null", R"({"declined": 0.1})", R"({"decline": 1.01})", R"({"decline": -0.1})",
        R"({"decline": "0.1"})", R"({"delay": "1"})", R"({"delay": "1h"})", R"({"delay": -1})",
        R"({"delay": "11m"})", R"({"jitter": 1.5})", R"({"hang": 0.6, "defer": 0.6})"}) {
    EXPECT_FALSE(merged(Switches{}, parse(text))) << text;
  }
  EXPECT_FALSE(merged(Switches{.hang = 0.6}, parse(R"({"defer": 0.6})")));
}

TEST(SwitchesTest, WaitsAreAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_wait("0ms"), milliseconds(0));
  EXPECT_EQ(parse_wait("250ms"), milliseconds(250));
  EXPECT_EQ(parse_wait("3s"), milliseconds(3000));
  EXPECT_EQ(parse_wait("2m"), milliseconds(120'000));
  for (const char* text : {"", "1", "ms", "-1s", "1.5s", "1 s", "1sec", "99999999999s"}) {
    EXPECT_FALSE(parse_wait(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::psp
