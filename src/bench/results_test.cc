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
        "pgbench_one_order_per_transaction_per_s", "ratio_to_pgbench"}) {
    EXPECT_TRUE(object.contains(key)) << key;
  }
  EXPECT_EQ(object.at("completed_per_s").as_double(), 1234.5);
  EXPECT_EQ(object.at("cpu_us_per_order").at("redis").as_double(), 12.5);
  EXPECT_TRUE(object.at("limit_per_s").is_null());
  EXPECT_TRUE(object.at("early_refunds_per_s").is_null());
}

TEST(Results, AreJsonWhenPrinted) {
  Results results;
  results.ratio_to_pgbench = std::numeric_limits<double>::infinity();
  results.machine.cpu = "a \"quoted\" name";
  const std::string text = pretty(to_json(results));
  const boost::json::value read = boost::json::parse(text);
  EXPECT_TRUE(read.at("ratio_to_pgbench").is_null());
  EXPECT_EQ(read.at("machine").at("cpu").as_string(), "a \"quoted\" name");
}

}  // namespace
}  // namespace holdfast::bench
