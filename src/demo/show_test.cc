#include "demo/show.h"

#include <gtest/gtest.h>

#include "demo/json_view.h"

namespace holdfast::demo {
namespace {

TEST(Show, AnOrderNamesPlanAndBehaviourOnlyWhereItHasThem) {
  Order order{"o-1", "u-1", {{"A-1", 2, 450}}, 0, "", "", ""};
  EXPECT_EQ(parse_json(order_body(order)),
            parse_json(R"({"order_id":"o-1","user_id":"u-1","currency":"CNY",
                           "lines":[{"sku":"A-1","quantity":2,"unit_price":450}]})"));
  order.plan = "card";
  order.psp = "slow";
  EXPECT_EQ(parse_json(order_body(order)),
            parse_json(R"({"order_id":"o-1","user_id":"u-1","currency":"CNY",
                           "lines":[{"sku":"A-1","quantity":2,"unit_price":450}],
                           "plan":"card","attributes":{"psp":"slow"}})"));
}

TEST(Show, ARefundsBodyTakesFurtherMembers) {
  const load::Request request = refund_request({"r-1", "o-1"}, R"(,"when_incomplete":"preempt")");
  EXPECT_EQ(request.target, "/v1/orders/o-1/refunds");
  EXPECT_EQ(parse_json(request.body),
            parse_json(R"({"refund_id":"r-1","when_incomplete":"preempt"})"));
}

TEST(Show, WithoutAProviderTheActsAboutPaymentAreNotPlayed) {
  const std::atomic<bool> interrupted{false};
  Show show({"127.0.0.1", "1", ""}, std::nullopt, 7, interrupted);
  EXPECT_NE(why_without_payment(show).find("no payment provider was named"), std::string::npos);
  Show alone({"127.0.0.1", "1", ""}, load::Endpoint{"127.0.0.1", "1", ""}, 7, interrupted);
  EXPECT_NE(why_without_payment(alone).find("no payment provider answers on http://127.0.0.1:1"),
            std::string::npos);
}

}  // namespace
}  // namespace holdfast::demo
