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
  Orders orders(kEndpoint, {.user_prefix = "u-", .sku_prefix = "s-", .skus = 1});
  std::string out;
  orders.write_request(12'345, out);
  EXPECT_EQ(body_of(out), R"({"user_id":"u-00012345","currency":"CNY",)"
                          R"("lines":[{"sku":"s-0000","quantity":1,"unit_price":1999}]})");
  EXPECT_NE(out.find("Content-Length: " + std::to_string(body_of(out).size()) + "\r\n"),
            std::string::npos);
}

TEST(Orders, SpreadOverAllSkus) {
  Orders orders(kEndpoint, {.user_prefix = "u", .sku_prefix = "s-", .skus = 100});
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

TEST(Orders, NameTheirPlanAndWait) {
  Orders orders(kEndpoint,
                {.user_prefix = "u", .sku_prefix = "s", .plan = "p", .prefer = "wait=60"});
  std::string out;
  orders.write_request(0, out);
  EXPECT_NE(body_of(out).find(R"("plan":"p")"), std::string::npos);
  EXPECT_NE(out.find("Prefer: wait=60\r\n"), std::string::npos);
}

TEST(Orders, CountTheAcceptedOfEachSecond) {
  Orders orders(kEndpoint, {.user_prefix = "u", .sku_prefix = "s"});
  std::string out;
  orders.write_request(0, out);
  load::Response response;
  response.location = "/v1/orders/a";
  response.status = 202;
  orders.on_answer(0, response);
  response.status = 503;
  orders.on_answer(1, response);
  ASSERT_FALSE(orders.accepted_by_second().empty());
  EXPECT_EQ(orders.accepted_by_second().back(), 1U);
}

TEST(EarlyRefunds, AskForEachOrderOnceItWasAccepted) {
  EarlyRefunds refunds(kEndpoint, {.user_prefix = "u", .sku_prefix = "s"}, R"({"a":1})");
  load::Response response;
  response.status = 202;
  std::string out;
  refunds.write_request(0, out);
  EXPECT_TRUE(out.starts_with("POST /v1/orders HTTP/1.1\r\n"));
  response.location = "/v1/orders/a";
  refunds.on_answer(0, response);
  out.clear();
  refunds.write_request(1, out);
  EXPECT_TRUE(out.starts_with("POST /v1/orders/a/refunds HTTP/1.1\r\n"));
  EXPECT_EQ(body_of(out), R"({"a":1})");
  EXPECT_EQ(refunds.refunds(), 0U);
  response.location = "/v1/refunds/b";
  refunds.on_answer(1, response);
  EXPECT_EQ(refunds.refunds(), 1U);
  out.clear();
  refunds.write_request(2, out);
  EXPECT_TRUE(out.starts_with("POST /v1/orders HTTP/1.1\r\n"));
}

}  // namespace
}  // namespace holdfast::bench
