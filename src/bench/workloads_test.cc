#include "bench/workloads.h"

#include <gtest/gtest.h>

#include <set>

namespace holdfast::bench {
namespace {

const load::Endpoint kEndpoint{.host = "h", .port = "1", .bearer = ""};

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

TEST(Orders, WriteTheSameRequestForEveryUserAndSku) {
  Orders orders(kEndpoint, {.user_prefix = "u-", .sku_prefix = "s-", .skus = 1, .keep_ids = 0});
  std::string out;
  orders.write_request(12'345, out);
  EXPECT_EQ(body_of(out), R"({"user_id":"u-00012345","currency":"CNY",)"
                          R"("lines":[{"sku":"s-0000","quantity":1,"unit_price":1999}]})");
  EXPECT_NE(out.find("Content-Length: " + std::to_string(body_of(out).size()) + "\r\n"),
            std::string::npos);
}

TEST(Orders, SpreadOverAllSkus) {
  Orders orders(kEndpoint, {.user_prefix = "u", .sku_prefix = "s-", .skus = 100, .keep_ids = 0});
  std::set<std::string> skus;
  std::string out;
  for (std::uint64_t index = 0; index < 2'000; ++index) {
    orders.write_request(index, out);
    skus.insert(out.substr(out.find("s-"), 6));
  }
  EXPECT_EQ(skus.size(), 100U);
  EXPECT_TRUE(skus.contains("s-0000"));
  EXPECT_TRUE(skus.contains("s-0099"));
}

TEST(Orders, KeepTheIdsOfTheFirstAccepted) {
  Orders orders(kEndpoint, {.user_prefix = "u", .sku_prefix = "s", .skus = 1, .keep_ids = 2});
  load::Response response;
  response.location = "/v1/orders/a";
  response.status = 409;
  orders.on_answer(0, response);
  response.status = 202;
  orders.on_answer(1, response);
  response.location = "/v1/orders/b";
  orders.on_answer(2, response);
  orders.on_answer(3, response);
  EXPECT_EQ(orders.order_ids(), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace holdfast::bench
