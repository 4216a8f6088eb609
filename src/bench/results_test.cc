#include "bench/results.h"

#include <gtest/gtest.h>

#include <limits>

namespace holdfast::bench {
namespace {

TEST(Results, HaveTheKeysThatMachinesRead) {
  Results results;
  results.completed_per_s = 1234.5;
  results.cpu_us_per_order = {{"redis", 12.5}};
  const boost::json::object object = to_json(results);
  for (const char* key :
       {"accepted_per_s", "completed_per_s", "limit_per_s", "ratio_to_limit", "p99_ms_at_half",
        "refunds_per_s", "early_refunds_per_s", "sold_out_per_s", "cpu_us_per_order", "rss_mib",
        "pgbench_one_order_per_transaction_per_s", "ratio_to_pgbench", "nginx_per_s",
        "sold_out_ratio_to_nginx", "sync_vs_async", "overload", "skus", "growth", "timeline"}) {
    EXPECT_TRUE(object.contains(key)) << key;
  }
  EXPECT_EQ(object.at("completed_per_s").as_double(), 1234.5);
  EXPECT_EQ(object.at("cpu_us_per_order").at("redis").as_double(), 12.5);
  EXPECT_TRUE(object.at("limit_per_s").is_null());
  EXPECT_TRUE(object.at("early_refunds_per_s").is_null());
  EXPECT_TRUE(object.at("growth").is_null());
}

TEST(Results, HaveSeriesAsArraysOfObjects) {
  Results results;
  results.skus = {{1, 10.5}, {10'000, 20.5}};
  results.timeline = {{0, 7, std::nullopt}};
  const boost::json::object object = to_json(results);
  EXPECT_EQ(object.at("skus"), boost::json::parse(R"([{"skus":1,"completed_per_s":10.5},
                                                      {"skus":10000,"completed_per_s":20.5}])"));
  EXPECT_EQ(object.at("timeline"),
            boost::json::parse(R"([{"second":0,"accepted":7,"completed":null}])"));
}

TEST(Results, PutTheSecondsOfATimelineSideBySide) {
  const auto timeline = timeline_of({5, 6}, {4, 5, 2});
  ASSERT_EQ(timeline.size(), 3U);
  EXPECT_EQ(timeline[1].second, 1U);
  EXPECT_EQ(timeline[1].accepted, 6U);
  EXPECT_EQ(timeline[1].completed, 5U);
  EXPECT_EQ(timeline[2].accepted, 0U);
  EXPECT_EQ(timeline[2].completed, 2U);
  EXPECT_FALSE(timeline_of({5}, {})[0].completed.has_value());
}

TEST(Results, AreJsonWhenPrinted) {
  Results results;
  results.ratio_to_pgbench = std::numeric_limits<double>::infinity();
  results.machine.cpu = "a \"quoted\" name";
  results.skus = {{1, 10.5}, {2, 20.5}};
  const std::string text = pretty(to_json(results));
  const boost::json::value read = boost::json::parse(text);
  EXPECT_TRUE(read.at("ratio_to_pgbench").is_null());
  EXPECT_EQ(read.at("skus").at(1).at("completed_per_s").as_double(), 20.5);
  EXPECT_EQ(read.at("machine").at("cpu").as_string(), "a \"quoted\" name");
}

}  // namespace
}  // namespace holdfast::bench
