#include "adapters/embedded/message_bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/embedded/bus_limits.h"
#include "adapters/embedded/bus_world_for_test.h"

namespace holdfast::embedded::bus {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(EmbeddedMessageBus, AFullQueueRefusesTheWholeCall) {
  World world;
  world.options.max_length = 5;
  world.restart();
  auto& bus = world.bus();
  ASSERT_TRUE(world.run(bus.publish(numbered(queues::orders, 1, 4))));
  auto messages = numbered(queues::refunds, 10, 11);
  messages.push_back(numbered(queues::orders, 5));
  messages.push_back(numbered(queues::orders, 6));
  const auto refused = world.run(bus.publish(messages));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(refused.error().effect, Effect::none);
  EXPECT_THAT(refused.error().detail, HasSubstr("'orders' is full"));
  EXPECT_EQ(world.ready(queues::refunds), 0U);

  messages.pop_back();
  ASSERT_TRUE(world.run(bus.publish(messages)));
  const auto got = world.receive(bus, queues::orders, 10);
  EXPECT_EQ(bodies(got), numbers(1, 5));
  ASSERT_TRUE(world.run(bus.ack(queues::orders, tags(got))));
  ASSERT_TRUE(world.run(bus.publish({numbered(queues::orders, 6)})));
  // The last place takes everything.
  ASSERT_TRUE(world.run(bus.publish(numbered(queues::parked, 1, 9))));
}

TEST(EmbeddedMessageBus, WhatCannotBeSentIsRefusedAndHarmsNothing) {
  World world;
  auto& bus = world.bus();
  auto nowhere = numbered(QueueName{""}, 1);
  const auto result = world.run(bus.publish({numbered(queues::orders, 2), nowhere}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(result.error().effect, Effect::none);
  EXPECT_EQ(world.ready(queues::orders), 0U);
}

TEST(EmbeddedMessageBus, AnEventThatNeedsAListenerIsRefusedWithoutOne) {
  World world;
  auto& bus = world.bus();
  OutgoingMessage event = numbered(QueueName{""}, 1);
  event.topic = "order.completed";
  event.needs_listener = true;
  const auto refused = world.run(bus.publish({event}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(refused.error().effect, Effect::none);
  std::vector<std::string> heard;
  const auto listening = world.broker().listen(
      "order.*", [&](const OutgoingMessage& one) { heard.push_back(one.body); });
  EXPECT_TRUE(world.run(bus.publish({event})));
  EXPECT_EQ(heard, std::vector<std::string>{"1"});
}

TEST(EmbeddedMessageBus, AQueueLongerThanMemoryIsDeliveredInOrder) {
  World world;
  auto& bus = world.bus();
  std::vector<std::string> got;
  std::vector<std::uint64_t> open;
  int published = 0;
  // More comes than goes at first, then the rest goes.
  for (int round = 0; got.size() < 3'000; ++round) {
    if (published < 3'000) {
      ASSERT_TRUE(world.run(bus.publish(numbered(kStep, published + 1, published + 75))));
      published += 75;
    }
    const auto batch = world.receive(bus, kStep, 20);
    ASSERT_FALSE(batch.empty());
    for (const auto& delivery : batch) {
      EXPECT_FALSE(delivery.redelivered);
      got.push_back(delivery.body);
      open.push_back(delivery.tag);
    }
    if (round % 3 != 0) continue;
    ASSERT_TRUE(world.run(bus.ack(kStep, std::exchange(open, {}))));
  }
  EXPECT_EQ(got, numbers(1, 3'000));
  ASSERT_TRUE(world.run(bus.ack(kStep, open)));
  EXPECT_EQ(world.read<int>("select count(*) from bus_messages"), 0);
  EXPECT_EQ(world.read<int>("select sum(length) from bus_queues"), 0);
}

TEST(EmbeddedMessageBus, BigMessagesAreNotAllInMemoryAndAllDelivered) {
  World world;
  auto& bus = world.bus();
  std::vector<OutgoingMessage> messages = numbered(queues::orders, 1, 30);
  for (auto& message : messages) message.body.resize(1U << 20U, '.');
  ASSERT_TRUE(world.run(bus.publish(messages)));
  const auto first = world.receive(bus, queues::orders, 64);
  EXPECT_EQ(first.size(), 16U);
  const auto second = world.receive(bus, queues::orders, 64);
  ASSERT_EQ(second.size(), 14U);
  EXPECT_EQ(second.back().body.substr(0, 3), "30.");
}

TEST(EmbeddedMessageBus, WhatAStoppedBusHadInHandComesFirstAndInOrder) {
  World world;
  auto& first = world.bus();
  ASSERT_TRUE(world.run(first.publish(numbered(queues::orders, 1, 40))));
  const auto in_hand = world.receive(first, queues::orders, 4);
  auto& other = world.bus();
  EXPECT_EQ(bodies(world.receive(other, queues::orders, 3)), numbers(5, 7));
  ASSERT_TRUE(world.run(first.ack(queues::orders, {in_hand[1].tag})));
  first.stop();
  std::vector<Delivery> rest;
  while (rest.size() < 36) {
    for (auto& delivery : world.receive(other, queues::orders, 5)) rest.push_back(delivery);
  }
  auto expected = numbers(8, 40);
  expected.insert(expected.begin(), {"1", "3", "4"});
  EXPECT_EQ(bodies(rest), expected);
  for (std::size_t i = 0; i < rest.size(); ++i) EXPECT_EQ(rest[i].redelivered, i < 3) << i;
  // Its tags name nothing any more.
  EXPECT_TRUE(world.run(first.ack(queues::orders, {in_hand[0].tag})));
  EXPECT_TRUE(world.run(other.ack(queues::orders, {in_hand[0].tag})));
  EXPECT_EQ(world.read<int>("select count(*) from bus_messages"), 39);
}

TEST(EmbeddedMessageBus, ALingerEndsInItsTimeAndNotBefore) {
  World world;
  auto& bus = world.bus();
  const auto got = world.begin(bus.receive(queues::orders, {10, 50ms}));
  ASSERT_TRUE(world.run(bus.publish(numbered(queues::orders, 1, 2))));
  world.advance(49ms);
  EXPECT_FALSE(*got);
  ASSERT_TRUE(world.run(bus.publish({numbered(queues::orders, 3)})));
  world.advance(1ms);
  ASSERT_TRUE(*got);
  EXPECT_EQ(bodies(**got), numbers(1, 3));
}

TEST(EmbeddedMessageBus, DelaysAreKeptInVirtualTimeAndOverARestart) {
  World world;
  ASSERT_TRUE(world.run(world.bus().publish({})));
  auto slow = numbered(queues::refunds, 1);
  slow.delay = 30'000ms;
  auto quick = numbered(queues::refunds, 2);
  quick.delay = 50ms;
  auto first = numbered(queues::refunds, 3);
  first.delay = 50ms;
  ASSERT_TRUE(world.run(world.bus().publish({slow, first, quick})));
  world.advance(50ms);
  EXPECT_EQ(world.ready(queues::refunds), 0U) << "too early";
  world.restart();
  auto& bus = world.bus();
  world.advance(1ms);
  const auto early = world.receive(bus, queues::refunds, 5);
  EXPECT_EQ(bodies(early), (std::vector<std::string>{"3", "2"}));
  EXPECT_FALSE(early[0].redelivered);
  world.advance(29'949ms);
  EXPECT_EQ(world.ready(queues::refunds), 0U) << "too early";
  world.advance(1ms);
  EXPECT_EQ(bodies(world.receive(bus, queues::refunds, 5)), std::vector<std::string>{"1"});
  EXPECT_EQ(world.read<int>("select count(*) from bus_delayed"), 0);
}

TEST(EmbeddedMessageBus, ManyDelaysEndAtOnceAndFewCoroutinesSleep) {
  World world;
  auto& bus = world.bus();
  for (int i = 0; i < 600; ++i) {
    auto message = numbered(queues::refunds, i);
    message.delay = i % 2 == 0 ? 256'000ms : 64'000ms;
    ASSERT_TRUE(world.run(bus.publish({message})));
    world.advance(1ms);
  }
  EXPECT_LE(world.clock.sleepers(), 2U);
  world.advance(300'000ms);
  EXPECT_EQ(world.ready(queues::refunds), 600U);
}

}  // namespace
}  // namespace holdfast::embedded::bus
