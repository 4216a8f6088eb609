#include <boost/json/serialize.hpp>

#include "tests/contract/message_bus_contract.h"
#include "tests/contract/message_bus_outside_contract.h"
#include "tests/contract/message_bus_steps_contract.h"
#include "tests/contract/rabbitmq_harness.h"

namespace holdfast::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(RabbitMq, MessageBusContract, ::testing::Values(HarnessFactory{[] {
                           return std::make_unique<RabbitHarness>();
                         }}));

class RabbitMessageBusTest : public RabbitFixture {
 protected:
  /// The broker's arguments of a queue, each as JSON.
  std::map<std::string, std::string> arguments_of(const std::string& name) {
    std::map<std::string, std::string> arguments;
    const auto queue = harness_.management.queue(name);
    if (!queue.is_object()) return arguments;
    for (const auto& [key, value] : queue.at("arguments").as_object()) {
      arguments[std::string(key)] = boost::json::serialize(value);
    }
    return arguments;
  }
};

TEST_F(RabbitMessageBusTest, QueuesAreDeclaredAsDesigned) {
  harness_.options.max_length = 12'345;
  harness_.options.delivery_limit = 7;
  harness_.options.queues = {QueueName{"step.default.payment"}};
  auto bus = open_connected();
  const std::map<std::string, std::string> work{
      {"x-queue-type", "\"quorum\""},
      {"x-overflow", "\"reject-publish\""},
      {"x-max-length", "12345"},
      {"x-delivery-limit", "7"},
      {"x-dead-letter-exchange", "\"\""},
      {"x-dead-letter-routing-key", "\"" + harness_.name("parked") + "\""},
      {"x-dead-letter-strategy", "\"at-least-once\""}};
  EXPECT_EQ(arguments_of(harness_.name("orders")), work);
  EXPECT_EQ(arguments_of(harness_.name("refunds")), work);
  EXPECT_EQ(arguments_of(harness_.name("step.default.payment")), work);
  EXPECT_EQ(arguments_of(harness_.name("parked")),
            (std::map<std::string, std::string>{{"x-queue-type", "\"quorum\""},
                                                {"x-delivery-limit", "1000000"}}));
  EXPECT_EQ(arguments_of(harness_.name("wait.refunds.300")),
            (std::map<std::string, std::string>{
                {"x-queue-type", "\"quorum\""},
                {"x-message-ttl", "300"},
                {"x-overflow", "\"reject-publish\""},
                {"x-dead-letter-exchange", "\"\""},
                {"x-dead-letter-routing-key", "\"" + harness_.name("refunds") + "\""},
                {"x-dead-letter-strategy", "\"at-least-once\""}}));
  const auto orders = harness_.management.queue(harness_.name("orders"));
  EXPECT_TRUE(orders.at("durable").as_bool());
  const auto events = harness_.management.get("exchanges/%2f/" + harness_.name("events"));
  EXPECT_EQ(events.at("type").as_string(), "topic");
  EXPECT_TRUE(events.at("durable").as_bool());
  close_rabbit(bus);
}

TEST_F(RabbitMessageBusTest, MessagesArePersistentJson) {
  auto bus = open_connected();
  auto outgoing = message(queues::refunds, 9, R"({"a":1})");
  outgoing.delay = 60'000ms;
  outgoing.attempts = 2;
  publish(*bus, {outgoing});
  // Seen in the wait queue that the delay declared, through the management API's own consumer.
  const std::string queue = harness_.name("wait.refunds.60000");
  EXPECT_EQ(arguments_of(queue)["x-message-ttl"], "60000");
  const auto got = harness_.management.post_json(
      "queues/%2f/" + queue + "/get",
      R"({"count":1,"ackmode":"ack_requeue_true","encoding":"auto"})");
  const auto& properties = got.at(0).at("properties");
  EXPECT_EQ(properties.at("delivery_mode").as_int64(), 2);
  EXPECT_EQ(properties.at("content_type").as_string(), "application/json");
  EXPECT_EQ(properties.at("message_id").as_string(), std::string_view(message_id(9).to_string()));
  EXPECT_EQ(properties.at("headers").at("hf-attempts").as_int64(), 2);
  EXPECT_EQ(got.at(0).at("payload").as_string(), R"({"a":1})");
  close_rabbit(bus);
}

TEST_F(RabbitMessageBusTest, AStrangersMessageIsDeliveredAsItIs) {
  auto bus = open_connected();
  const auto answer = harness_.management.post_json(
      "exchanges/%2f/amq.default/publish",
      R"({"properties":{"message_id":"not a uuid","headers":{"n":5,"t":true,"list":[1]}},)"
      R"("routing_key":")" +
          harness_.name("orders") + R"(","payload":"hi","payload_encoding":"string"})");
  EXPECT_TRUE(answer.at("routed").as_bool());
  const auto got = consume(*bus, queues::orders);
  ASSERT_TRUE(arrive(got, 1));
  EXPECT_TRUE(got->deliveries[0].id.value.is_nil());
  EXPECT_EQ(got->deliveries[0].headers,
            (std::map<std::string, std::string>{{"n", "5"}, {"t", "true"}}));
  close_rabbit(bus);
}

TEST_F(RabbitMessageBusTest, ADeletedQueueIsDeclaredAgain) {
  auto bus = open_connected();
  publish(*bus, numbered(queues::orders, 1, 1));
  harness_.management.delete_queue(harness_.name("orders"));
  publish(*bus, numbered(queues::orders, 2, 5));  // returned as unroutable, then sent once more
  const auto got = consume(*bus, queues::orders);
  ASSERT_TRUE(arrive(got, 4));

  // Deleted under a consumer.
  harness_.management.delete_queue(harness_.name("orders"));
  ASSERT_TRUE(wait_until([&] {
    const auto depth = run(bus->depth(queues::orders));
    return depth && depth->consumers == 1;
  }));
  publish(*bus, numbered(queues::orders, 6, 8));
  ASSERT_TRUE(arrive(got, 7));
  EXPECT_EQ(bus->last_error(), "");
  close_rabbit(bus);
}

TEST_F(RabbitMessageBusTest, AFullQueueRefusesWithoutEffect) {
  harness_.options.max_length = 5;
  auto bus = open_connected();
  std::uint16_t accepted = 0;
  PortResult<void> result;
  // RabbitMQ lets a few more in before its quorum queue tells the channel that it is full.
  while (accepted < 2000) {
    const auto next = static_cast<std::uint16_t>(accepted + 1);
    result = run(bus->publish({message(queues::orders, next, std::to_string(next))}));
    if (!result) break;
    ++accepted;
  }
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(result.error().effect, Effect::none);
  EXPECT_THAT(result.error().detail, ::testing::HasSubstr("orders"));
  EXPECT_THAT(result.error().detail, ::testing::HasSubstr("full"));
  EXPECT_GE(accepted, 5);

  // Some of a call accepted and some refused: the effect of the whole is not known.
  const auto mixed = run(bus->publish(
      {message(queues::orders, 3000, "refused"), message(queues::refunds, 3001, "taken")}));
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().effect, Effect::unknown);

  const auto got = consume(*bus, queues::orders);
  ASSERT_TRUE(arrive(got, accepted));
  run_for(200ms);
  EXPECT_EQ(got->bodies(), numbers(1, accepted)) << "a refused message was queued";
  publish(*bus, {message(queues::orders, 4000, "room again")});
  close_rabbit(bus);
}

TEST_F(RabbitMessageBusTest, WhatCannotBeSentIsRefusedAndHarmsNothing) {
  auto bus = open_connected();
  auto headers = message(queues::orders, 1, "x");
  headers.headers["big"] = std::string(200'000, 'h');
  auto body = message(queues::orders, 2, std::string(20U << 20U, 'b'));
  auto name = message(QueueName{std::string(300, 'q')}, 3, "x");
  auto nowhere = message(QueueName{""}, 4, "x");
  for (const auto& bad : {headers, body, name, nowhere}) {
    const auto result = run(bus->publish({bad}));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, PortErrorKind::rejected) << result.error().detail;
    EXPECT_EQ(result.error().effect, Effect::none);
  }
  publish(*bus, numbered(queues::orders, 5, 5));
  close_rabbit(bus);
}

TEST_F(RabbitMessageBusTest, ADeliveryLimitParksAndSaysWhence) {
  harness_.options.delivery_limit = 2;
  auto outgoing = message(queues::refunds, 1, "poison");
  outgoing.delay = kShortDelay;  // through a wait queue, whose own mark must not be taken for it
  {
    auto bus = open_connected();
    publish(*bus, {outgoing});
    close_rabbit(bus);
  }
  for (int delivery = 0; delivery < 3; ++delivery) {
    auto bus = open_connected();
    const auto got = consume(*bus, queues::refunds, Acknowledge::no);
    ASSERT_TRUE(arrive(got, 1)) << delivery;
    EXPECT_FALSE(got->deliveries[0].headers.contains("hf-dead-letter-reason"));
    close_rabbit(bus);
  }
  auto bus = open_connected();
  const auto parked = consume(*bus, queues::parked);
  ASSERT_TRUE(arrive(parked, 1));
  EXPECT_EQ(parked->deliveries[0].id, message_id(1));
  EXPECT_EQ(parked->deliveries[0].body, "poison");
  EXPECT_EQ(parked->deliveries[0].headers,
            (std::map<std::string, std::string>{{"hf-dead-letter-queue", "refunds"},
                                                {"hf-dead-letter-reason", "delivery_limit"}}));
  close_rabbit(bus);
}

TEST_F(RabbitMessageBusTest, ManyPausesDoNotUseUpTheDeliveryLimit) {
  harness_.options.delivery_limit = 4;
  auto bus = open_connected();
  publish(*bus, numbered(queues::orders, 1, 3));
  const auto got = consume(*bus, queues::orders, Acknowledge::yes, {100, 400ms});
  for (int i = 0; i < 12; ++i) {
    // Prefetched by now, and lingering, so that the pause finds them not handed out.
    ASSERT_TRUE(wait_until([&] {
      const auto depth = run(bus->depth(queues::orders));
      return depth && depth->ready == 0;
    }));
    ASSERT_TRUE(run(bus->pause(queues::orders)));
    ASSERT_TRUE(run(bus->resume(queues::orders)));
  }
  ASSERT_TRUE(arrive(got, 3));
  EXPECT_THAT(got->bodies(), ::testing::UnorderedElementsAre("1", "2", "3"));
  const auto parked = run(bus->depth(queues::parked));
  ASSERT_TRUE(parked);
  EXPECT_EQ(parked->ready, 0U);
  close_rabbit(bus);
}

TEST_F(RabbitMessageBusTest, AnotherArgumentIsExplainedAndTriedAgain) {
  harness_.options.max_length = 100;
  {
    auto bus = open_connected();
    close_rabbit(bus);
  }
  harness_.options.max_length = 200;
  auto bus = open();
  ASSERT_TRUE(wait_until([&] {
    return bus->last_error().find("x-max-length") != std::string::npos;
  })) << bus->last_error();
  EXPECT_THAT(bus->last_error(), ::testing::HasSubstr(harness_.name("orders")));
  EXPECT_THAT(bus->last_error(), ::testing::HasSubstr("delete it"));
  EXPECT_FALSE(bus->connected());
  const auto result = run(bus->publish(numbered(queues::orders, 1, 1)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().effect, Effect::none);

  harness_.management.delete_queue(harness_.name("orders"));
  harness_.management.delete_queue(harness_.name("refunds"));
  ASSERT_TRUE(wait_until([&] { return bus->connected(); })) << bus->last_error();
  EXPECT_EQ(bus->last_error(), "");
  close_rabbit(bus);
}

}  // namespace
}  // namespace holdfast::testing
