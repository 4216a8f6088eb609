#include "codec/step_body.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "domain/order_run_for_test.h"

namespace holdfast::codec {
namespace {

namespace json = boost::json;

using samples::OrderRun;
using samples::refund_line;
using samples::remote;

OrderRun paying() {
  return OrderRun::settled(
      {samples::step("stock", StepKind::stock), remote("pay", StepKind::http)});
}

json::value body(const OrderRun& run, const StepAction& action) {
  return json::parse(step_body(run.rows, action));
}

TEST(StepBody, OfAForwardIsTheOrder) {
  OrderRun run = paying();
  run.rows.order.attributes = {{"gift", "yes"}};
  EXPECT_EQ(body(run, run.forward("pay")), json::parse(R"({
      "order_id":"01000000-0000-0000-0000-000000000001","step":"pay","direction":"forward",
      "amount":3500,"currency":"CNY","user_id":"u-1","attributes":{"gift":"yes"},
      "lines":[{"sku":"A-1","quantity":3,"unit_price":1000},
               {"sku":"B-2","quantity":2,"unit_price":250}]})"));
}

TEST(StepBody, OfARefundIsWhatIsGivenBack) {
  OrderRun run = paying();
  run.begin(run.forward("pay"));
  StepAnswer done;
  done.kind = StepAnswerKind::done;
  done.reference = "ch_1";
  run.answer(run.forward("pay"), done);
  const auto refund = run.ask_refund(9, {{refund_line("B-2", 1)}});
  EXPECT_EQ(body(run, run.reverse("pay", refund.to_string())), json::parse(R"({
      "order_id":"01000000-0000-0000-0000-000000000001","step":"pay","direction":"reverse",
      "amount":250,"currency":"CNY","user_id":"u-1","attributes":{},
      "lines":[{"sku":"B-2","quantity":1,"unit_price":250}],
      "refund_id":"01000000-0000-0000-0000-000000000009","forward_reference":"ch_1"})"));
}

TEST(StepBody, OfACompensationSaysThatNobodyKnowsOfTheForward) {
  OrderRun run = paying();
  run.exhaust(run.forward("pay"));
  run.discard(run.forward("pay"));
  const auto found = body(run, run.reverse("pay")).as_object();
  EXPECT_EQ(found.at("amount"), 3500);
  EXPECT_EQ(found.at("lines").as_array().size(), 2U);
  EXPECT_EQ(found.at("forward_unknown"), true);
  EXPECT_FALSE(found.contains("refund_id"));
  EXPECT_FALSE(found.contains("forward_reference"));
}

TEST(WorkerAnswer, IsReadAsDocumented) {
  const auto forward = worker_answer_from_message(R"({
      "order_id":"01000000-0000-0000-0000-000000000001","step":"pack","direction":"forward",
      "idempotency_key":"01000000-0000-0000-0000-000000000001/pack/forward",
      "outcome":"succeeded","reference":"p_1","more":[]})");
  ASSERT_TRUE(forward) << forward.error().detail;
  EXPECT_EQ(forward->action,
            (StepAction{samples::id<OrderId>(1), StepName{"pack"}, Direction::forward, ""}));
  EXPECT_TRUE(forward->succeeded);
  EXPECT_EQ(forward->reference, "p_1");

  for (const char* cause : {"cancel", "late", "01000000-0000-0000-0000-000000000009"}) {
    StepAction action{samples::id<OrderId>(1), StepName{"pack"}, Direction::reverse, cause};
    const auto reverse = worker_answer_from_message(
        R"({"order_id":"01000000-0000-0000-0000-000000000001","step":"pack",)"
        R"("direction":"reverse","outcome":"failed","error":"no","idempotency_key":")" +
        action.idempotency_key() + R"("})");
    ASSERT_TRUE(reverse) << reverse.error().detail;
    EXPECT_EQ(reverse->action, action);
    EXPECT_FALSE(reverse->succeeded);
    EXPECT_EQ(reverse->error, "no");
  }
}

TEST(WorkerAnswer, ThatIsNoneIsRefused) {
  for (const char* text :
       {"", "[]", "{}",
        R"({"order_id":"x","step":"a","direction":"forward","outcome":"succeeded"})",
        R"({"order_id":"01000000-0000-0000-0000-000000000001","step":"a",
            "direction":"forward","outcome":"perhaps"})",
        R"({"order_id":"01000000-0000-0000-0000-000000000001","step":"a",
            "direction":"reverse","outcome":"succeeded"})"}) {
    EXPECT_FALSE(worker_answer_from_message(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::codec
