#pragma once

#include "tests/contract/message_bus_contract.h"

/// What a MessageBus must do for and with programs that are not Holdfast: events for whoever
/// listens, work queues for workers, and the messages that those send.
namespace holdfast::testing {

TEST_P(MessageBusContract, AnEventReachesWhoeverListensToItsName) {
  HeardEvents orders(harness_->listen("order.*"));
  HeardEvents everything(harness_->listen("#"));
  auto completed = event("order.completed", 1, R"({"type":"order.completed"})");
  completed.headers = {{"traceparent", "00-abc-def-01"}};
  publish(*bus_, {completed, event("refund.refunded", 2, "r"), event("order.accepted", 3, "a")});
  ASSERT_TRUE(wait_until([&] { return orders.count() >= 2 && everything.count() >= 3; }));
  EXPECT_EQ(orders.bodies(), (std::vector<std::string>{completed.body, "a"}));
  EXPECT_EQ(everything.bodies(), (std::vector<std::string>{completed.body, "r", "a"}));
  const auto& heard = orders.events[0];
  EXPECT_EQ(heard.topic, "order.completed");
  EXPECT_EQ(heard.id, message_id(1).to_string());
  EXPECT_EQ(heard.content_type, "application/cloudevents+json");
  EXPECT_EQ(heard.headers.at("traceparent"), "00-abc-def-01");
  EXPECT_TRUE(heard.persistent);
}

TEST_P(MessageBusContract, AnEventThatNobodyListensToIsForgotten) {
  publish(*bus_, {event("order.completed", 1, "early")});
  HeardEvents late(harness_->listen("order.completed"));
  HeardEvents other(harness_->listen("refund.*"));
  publish(*bus_, {event("order.completed", 2, "heard")});
  ASSERT_TRUE(wait_until([&] { return late.count() >= 1; }));
  EXPECT_EQ(late.bodies(), std::vector<std::string>{"heard"});
  EXPECT_EQ(other.count(), 0U);
}

TEST_P(MessageBusContract, AnEventHasNeitherQueueNorDelay) {
  const auto orders = consume(*bus_, queues::orders);
  HeardEvents heard(harness_->listen("#"));
  auto both = event("order.completed", 1, "event");
  both.queue = queues::orders;
  both.delay = kLongDelay;
  publish(*bus_, {both, message(queues::orders, 2, "order")});
  ASSERT_TRUE(wait_until([&] { return heard.count() >= 1; }, kLongDelay));
  ASSERT_TRUE(arrive(orders, 1));
  run_for(50ms);
  EXPECT_EQ(orders->bodies(), std::vector<std::string>{"order"});
  EXPECT_EQ(heard.bodies(), std::vector<std::string>{"event"});
}

TEST_P(MessageBusContract, ManyEventsAmongMessagesAreAllConfirmed) {
  HeardEvents heard(harness_->listen("stock.#"));
  const auto got = consume(*bus_, queues::orders);
  std::vector<OutgoingMessage> mixed;
  for (std::uint16_t i = 1; i <= 1'000; ++i) {
    mixed.push_back(i % 2 == 0 ? event("stock.sold_out", i, std::to_string(i))
                               : message(queues::orders, i, std::to_string(i)));
  }
  publish(*bus_, mixed);
  ASSERT_TRUE(arrive(got, 500));
  ASSERT_TRUE(wait_until([&] { return heard.count() >= 500; }));
  EXPECT_EQ(heard.events.front().body, "2");
  EXPECT_EQ(heard.events.back().body, "1000");
}

TEST_P(MessageBusContract, AnEventWithoutANameIsRefused) {
  const auto result = run(bus_->publish({event("", 1, "x")}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(result.error().effect, Effect::none);
}

TEST_P(MessageBusContract, AWorkersMessageIsReadAsFarAsItGoes) {
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
  const auto got = consume(*bus_, queues::answers);
  publish(*bus_, {message(queues::answers, 1, "ours")});
  ASSERT_TRUE(arrive(got, 1));
  ForeignMessage plain;
  ForeignMessage rich;
  rich.body = every_byte;
  rich.id = "order-7/payment/forward";
  rich.headers = {{"text", "t"},
                  {"number", std::int64_t{-5}},
                  {"real", 1.5},
                  {"flag", true},
                  {"list", std::vector<std::string>{"a", "b"}},
                  {"hf-attempts", "many"},
                  {"empty", ""}};
  ForeignMessage with_uuid;
  with_uuid.body = "u";
  with_uuid.id = message_id(9).to_string();
  for (const auto& one : {plain, rich, with_uuid}) harness_->send_foreign(queues::answers, one);
  ASSERT_TRUE(arrive(got, 4));
  EXPECT_EQ(got->deliveries[1].body, "");
  EXPECT_TRUE(got->deliveries[1].id.value.is_nil());
  EXPECT_TRUE(got->deliveries[1].headers.empty());
  EXPECT_EQ(got->deliveries[2].body, every_byte);
  EXPECT_TRUE(got->deliveries[2].id.value.is_nil());
  EXPECT_EQ(got->deliveries[2].attempts, 0U);
  EXPECT_EQ(
      got->deliveries[2].headers,
      (std::map<std::string, std::string>{
          {"text", "t"}, {"number", "-5"}, {"real", "1.5"}, {"flag", "true"}, {"empty", ""}}));
  EXPECT_EQ(got->deliveries[3].id, message_id(9));
}

TEST_P(MessageBusContract, AWorkQueueExistsFromTheFirstMessageOrReceive) {
  const QueueName used_first{"work.fraud-check"};
  const QueueName received_first{"work.gift-wrap"};
  publish(*bus_, {message(used_first, 1, "1")});
  const auto received = consume(*bus_, received_first);
  const auto used = consume(*bus_, used_first);
  ASSERT_TRUE(arrive(used, 1));
  publish(*bus_, {message(received_first, 2, "2")});
  ASSERT_TRUE(arrive(received, 1));
}

TEST_P(MessageBusContract, AnIdempotencyKeyTravelsWithItsMessage) {
  const QueueName work{"work.payment"};
  auto keyed = message(work, 1, "charge");
  keyed.headers = {{"idempotency-key", "0198/payment/forward"}};
  auto longest = message(work, 2, "longest");
  longest.headers = {{"idempotency-key", std::string(255, 'k')}};
  publish(*bus_, {keyed, longest});
  const auto got = consume(*bus_, work);
  ASSERT_TRUE(arrive(got, 2));
  EXPECT_EQ(got->deliveries[0].headers, keyed.headers);
  EXPECT_EQ(got->deliveries[1].headers, longest.headers);
  auto too_long = message(work, 3, "too long");
  too_long.headers = {{"idempotency-key", std::string(256, 'k')}};
  const auto result = run(bus_->publish({too_long}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(result.error().effect, Effect::none);
}

}  // namespace holdfast::testing
