#include "psp/step_call.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

namespace holdfast::psp {
namespace {

namespace json = boost::json;

json::object charge_body() {
  return json::parse(R"({
    "order_id": "0190f2c8-0000-7000-8000-000000000001", "step": "payment", "direction": "forward",
    "amount": 1999, "currency": "CNY", "lines": [{"sku": "A-1", "quantity": 1, "unit_price": 1999}],
    "user_id": "u-1", "attributes": {"channel": "app"}})")
      .as_object();
}

json::object refund_body() {
  json::object body = charge_body();
  body["direction"] = "reverse";
  return body;
}

const std::string kStart = "0190f2c8-0000-7000-8000-000000000001/payment/";

std::string fault(Direction direction, const std::string& key, const json::value& body) {
  const auto call = read_step_call(direction, key, body);
  return call ? "" : call.error();
}

TEST(StepCallTest, ReadsACharge) {
  const auto call = read_step_call(Direction::forward, kStart + "forward", charge_body());
  ASSERT_TRUE(call) << call.error();
  EXPECT_EQ(call->order_id, "0190f2c8-0000-7000-8000-000000000001");
  EXPECT_EQ(call->step, "payment");
  EXPECT_EQ(call->amount, 1999);
  EXPECT_EQ(call->currency, "CNY");
  EXPECT_EQ(call->cause, "");
  EXPECT_FALSE(call->forced);
}

TEST(StepCallTest, ReadsARefundAndItsCause) {
  json::object body = refund_body();
  body["forward_reference"] = "ch_1";
  body["forward_unknown"] = true;
  const auto call = read_step_call(Direction::reverse, kStart + "reverse/cancel", body);
  ASSERT_TRUE(call) << call.error();
  EXPECT_EQ(call->cause, "cancel");
  EXPECT_EQ(call->forward_reference, "ch_1");
  EXPECT_TRUE(call->forward_unknown);
}

TEST(StepCallTest, TheKeyMustBeThatOfTheBody) {
  EXPECT_EQ(fault(Direction::forward, "abc", charge_body()),
            "the key of this charge is " + kStart + "forward");
  EXPECT_NE(fault(Direction::forward, kStart + "forward/x", charge_body()), "");
  EXPECT_NE(fault(Direction::reverse, kStart + "reverse/", refund_body()), "");
  EXPECT_NE(fault(Direction::reverse, kStart + "reverse", refund_body()), "");
  EXPECT_NE(fault(Direction::reverse, kStart + "reverse/a/b", refund_body()), "");
  EXPECT_NE(fault(Direction::reverse, kStart + "forward", refund_body()), "");
  EXPECT_EQ(fault(Direction::forward, kStart + "reverse/cancel", refund_body()),
            "direction must be \"forward\" here");
}

TEST(StepCallTest, RefusesWhatIsNoStepBody) {
  const std::string key = kStart + "forward";
  EXPECT_NE(fault(Direction::forward, key, json::value(nullptr)), "");
  EXPECT_NE(fault(Direction::forward, key, json::parse("[]")), "");
  for (const char* member : {"order_id", "step", "direction", "amount", "currency"}) {
    json::object body = charge_body();
    body.erase(member);
    EXPECT_EQ(fault(Direction::forward, key, body), "`" + std::string(member) + "` is missing");
    body[member] = json::object{};
    EXPECT_NE(fault(Direction::forward, key, body), "") << member;
  }
  const auto with = [](const char* member, json::value value) {
    json::object body = charge_body();
    body[member] = std::move(value);
    return body;
  };
  for (const json::object& body :
       {with("amount", -1), with("amount", 1.5), with("amount", "1999"),
        with("amount", 9007199254740992), with("currency", "cny"), with("currency", "EURO"),
        with("order_id", "a/b"), with("order_id", ""), with("step", "a b"),
        with("forward_unknown", "yes"), with("attributes", json::array{})}) {
    EXPECT_NE(fault(Direction::forward, key, body), "") << body;
  }
}

TEST(StepCallTest, AnOrderAsksForABehaviour) {
  json::object body = charge_body();
  body["attributes"] = {{"psp", "lose-answer"}, {"psp_refund", "hang"}};
  const auto charge = read_step_call(Direction::forward, kStart + "forward", body);
  ASSERT_TRUE(charge);
  EXPECT_EQ(charge->forced, Behaviour::lose_answer);
  body["direction"] = "reverse";
  const auto refund = read_step_call(Direction::reverse, kStart + "reverse/late", body);
  ASSERT_TRUE(refund);
  EXPECT_EQ(refund->forced, Behaviour::hang);

  body["attributes"] = {{"psp_refund", "defer"}};
  EXPECT_NE(fault(Direction::reverse, kStart + "reverse/late", body), "");
  body = charge_body();
  body["attributes"] = {{"psp", "declined"}};
  EXPECT_EQ(fault(Direction::forward, kStart + "forward", body),
            "attributes.psp must be one of normal, slow, decline, unavailable, hang, lose-answer, "
            "defer");
  body["attributes"] = {{"psp", true}};
  EXPECT_NE(fault(Direction::forward, kStart + "forward", body), "");
}

}  // namespace
}  // namespace holdfast::psp
