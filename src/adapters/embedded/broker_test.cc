#include "adapters/embedded/broker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "adapters/embedded/bus_limits.h"
#include "adapters/embedded/bus_world_for_test.h"
#include "tests/support/temporary_directory.h"

namespace holdfast::embedded::bus {
namespace {

using namespace std::chrono_literals;

TEST(Broker, WhatAProcessHadInMemoryComesAgainAsRedelivered) {
  World world;
  auto& bus = world.bus();
  ASSERT_TRUE(world.run(bus.publish(numbered(queues::orders, 1, 5))));
  const auto got = world.receive(bus, queues::orders, 3);
  ASSERT_TRUE(world.run(bus.ack(queues::orders, {got[1].tag})));
  world.restart();
  const auto again = world.receive(world.bus(), queues::orders, 10);
  EXPECT_EQ(bodies(again), (std::vector<std::string>{"1", "3", "4", "5"}));
  EXPECT_TRUE(again[0].redelivered);
  EXPECT_TRUE(again[1].redelivered);
  ASSERT_TRUE(world.run(world.bus().publish({numbered(queues::orders, 6)})));
  EXPECT_FALSE(world.receive(world.bus(), queues::orders, 1).at(0).redelivered);
}

TEST(Broker, WhatNobodyReceivedIsNotRedelivered) {
  World world;
  ASSERT_TRUE(world.run(world.bus().publish(numbered(queues::orders, 1, 2))));
  world.restart();
  const auto got = world.receive(world.bus(), queues::orders, 10);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_FALSE(got[0].redelivered);
  EXPECT_FALSE(got[1].redelivered);
}

TEST(Broker, AMessageThatKillsTheProcessIsParkedInTheEnd) {
  World world;
  world.options.delivery_limit = 2;
  world.restart();
  auto poison = numbered(kStep, 1);
  poison.headers = {{"k", "v"}, {"hf-dead-letter-reason", "an old one"}};
  poison.attempts = 3;
  ASSERT_TRUE(world.run(world.bus().publish({poison})));
  for (int delivery = 0; delivery < 3; ++delivery) {
    const auto got = world.receive(world.bus(), kStep, 1);
    ASSERT_EQ(got.size(), 1U) << delivery;
    EXPECT_EQ(got[0].redelivered, delivery > 0);
    world.restart();
  }
  auto& bus = world.bus();
  EXPECT_EQ(world.ready(kStep), 0U);
  const auto parked = world.receive(bus, queues::parked, 1);
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].id, poison.id);
  EXPECT_EQ(parked[0].body, "1");
  EXPECT_EQ(parked[0].attempts, 3U);
  EXPECT_FALSE(parked[0].redelivered);
  EXPECT_EQ(parked[0].headers, (Headers{{"k", "v"},
                                        {"hf-dead-letter-queue", "step.default.payment"},
                                        {"hf-dead-letter-reason", "delivery_limit"}}));
}

TEST(Broker, AMessageInHandWhenItsBusStopsIsParkedInTheEnd) {
  World world;
  world.options.delivery_limit = 2;
  world.restart();
  ASSERT_TRUE(world.run(world.bus().publish(numbered(queues::refunds, 1, 2))));
  auto& recorder = world.bus();
  const auto parked = world.begin(recorder.receive(queues::parked, {1, 0ms}));
  for (int delivery = 0; delivery < 3; ++delivery) {
    auto& bus = world.bus();
    EXPECT_EQ(bodies(world.receive(bus, queues::refunds, 1)), std::vector<std::string>{"1"});
    bus.stop();
  }
  EXPECT_EQ(bodies(world.receive(world.bus(), queues::refunds, 2)), std::vector<std::string>{"2"});
  ASSERT_TRUE(*parked);
  EXPECT_EQ(bodies(**parked), std::vector<std::string>{"1"});
}

TEST(Broker, AProcessThatEndsInGoodOrderCountsOnlyWhatWasInHand) {
  World world;
  world.options.delivery_limit = 2;
  world.restart();
  ASSERT_TRUE(world.run(world.bus().publish(numbered(kStep, 1, 5))));
  for (int life = 0; life < 10; ++life) {
    EXPECT_EQ(world.receive(world.bus(), kStep, 1).size(), 1U);
    world.end();
    world.start();
  }
  // The first three were in hand three times each, the fourth once. Nobody had the fifth.
  const auto rest = world.receive(world.bus(), kStep, 5);
  EXPECT_EQ(bodies(rest), numbers(4, 5));
  EXPECT_TRUE(rest[0].redelivered);
  EXPECT_FALSE(rest[1].redelivered);
  EXPECT_EQ(world.ready(queues::parked), 3U);
}

TEST(Broker, AStartTouchesNoMoreThanWasInMemory) {
  World world;
  auto& bus = world.bus();
  ASSERT_TRUE(world.run(bus.publish(numbered(kStep, 1, 2'000))));
  const auto got = world.receive(bus, kStep, 4);
  EXPECT_EQ(got.size(), 4U);
  world.restart();
  const auto counted =
      world.read<std::size_t>("select count(*) from bus_messages where deliveries > 0");
  EXPECT_GE(counted, 4U);
  EXPECT_LE(counted, 4U + limits::kMinLoaded);
  world.crash();
  world.start();
  EXPECT_EQ(world.read<int>("select max(deliveries) from bus_messages"), 1)
      << "counted although nobody received";
}

TEST(Broker, APausedQueueIsCountedForNothing) {
  World world;
  auto& bus = world.bus();
  const auto first = world.begin(bus.receive(kStep, {10, 0ms}));
  ASSERT_TRUE(world.run(bus.pause(kStep)));
  ASSERT_TRUE(world.run(bus.publish(numbered(kStep, 1, 3))));
  EXPECT_FALSE(*first);
  ASSERT_TRUE(world.run(bus.resume(kStep)));
  ASSERT_TRUE(*first);
  ASSERT_TRUE(world.run(bus.ack(kStep, tags(**first))));
  ASSERT_TRUE(world.run(bus.publish(numbered(kStep, 4, 9))));
  ASSERT_TRUE(world.run(bus.pause(kStep)));
  world.restart();
  const auto got = world.receive(world.bus(), kStep, 10);
  EXPECT_EQ(bodies(got), numbers(4, 9));
  for (const auto& delivery : got) EXPECT_FALSE(delivery.redelivered);
}

TEST(Broker, ParkedMessagesAreNeverGivenUp) {
  World world;
  world.options.delivery_limit = 0;
  world.restart();
  ASSERT_TRUE(world.run(world.bus().publish({numbered(queues::parked, 1)})));
  for (int start = 0; start < 30; ++start) {
    ASSERT_EQ(world.receive(world.bus(), queues::parked, 1).size(), 1U);
    world.restart();
  }
}

TEST(Broker, WhatAClosedBrokersBusStillDoesHasNoEffect) {
  World world;
  auto& bus = world.bus();
  ASSERT_TRUE(world.run(bus.publish(numbered(queues::orders, 1, 2))));
  const auto got = world.receive(bus, queues::orders, 1);
  const auto waiting = world.begin(bus.receive(queues::refunds, {1, 0ms}));
  world.settle();
  const auto acked = world.begin(bus.ack(queues::orders, {got[0].tag}));
  const auto published = world.begin(bus.publish({numbered(queues::orders, 3)}));
  world.turn();
  world.turn();
  world.crash();
  world.start();
  ASSERT_TRUE(*acked && *published);
  EXPECT_EQ((*acked)->error().effect, Effect::none);
  EXPECT_EQ((*published)->error().effect, Effect::none);
  ASSERT_TRUE(*waiting);
  EXPECT_TRUE((*waiting)->empty());
  EXPECT_EQ(bodies(world.receive(world.bus(), queues::orders, 5)), numbers(1, 2));
}

TEST(Broker, WhatIsConfirmedSurvivesAKilledProcess) {
  const testing::TemporaryDirectory directory;
  World killed(directory.file("original"));
  auto& bus = killed.bus();
  ASSERT_TRUE(killed.run(bus.publish(numbered(queues::orders, 1, 100))));
  auto delayed = numbered(queues::refunds, 7);
  delayed.delay = 100ms;
  delayed.headers = {{"k", "v"}};
  ASSERT_TRUE(killed.run(bus.publish({delayed})));
  const auto got = killed.receive(bus, queues::orders, 60);
  ASSERT_EQ(got.size(), 60U);
  ASSERT_TRUE(killed.run(bus.ack(queues::orders, tags(got))));

  // The files as a process that is killed now would leave them.
  for (const char* end : {"", "-wal"}) {
    std::filesystem::copy_file(directory.file("original") + end, directory.file("copy") + end);
  }
  World next(directory.file("copy"));
  auto& again = next.bus();
  EXPECT_EQ(bodies(next.receive(again, queues::orders, 100)), numbers(61, 100));
  next.advance(101ms);
  const auto late = next.receive(again, queues::refunds, 1);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].headers, delayed.headers);
  EXPECT_EQ(next.ready(queues::orders), 0U);
}

TEST(Broker, WhatTheDatabaseFailedIsDoneOnceItIsBack) {
  World world;
  auto& bus = world.bus();
  auto delayed = numbered(queues::refunds, 9);
  delayed.delay = 500ms;
  ASSERT_TRUE(world.run(bus.publish(numbered(queues::orders, 1, 3))));
  ASSERT_TRUE(world.run(bus.publish({delayed})));
  const auto got = world.receive(bus, queues::orders, 2);
  world.execute("alter table bus_messages rename to away");
  const auto in_vain = world.run(bus.ack(queues::orders, tags(got)));
  ASSERT_FALSE(in_vain);
  EXPECT_EQ(in_vain.error().effect, Effect::none);
  const auto refused = world.run(bus.publish({numbered(queues::orders, 4)}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, PortErrorKind::unavailable);
  EXPECT_EQ(refused.error().effect, Effect::none);
  const auto late = world.begin(bus.receive(queues::refunds, {1, 0ms}));
  world.advance(2'000ms);
  EXPECT_FALSE(*late);

  world.execute("alter table away rename to bus_messages");
  ASSERT_TRUE(world.run(bus.ack(queues::orders, {got[0].tag})));
  world.advance(limits::kRetryAfter);
  ASSERT_TRUE(*late);
  EXPECT_EQ(bodies(**late), std::vector<std::string>{"9"});
  bus.stop();
  EXPECT_EQ(bodies(world.receive(world.bus(), queues::orders, 5)), numbers(2, 3));
}

TEST(Broker, AnAcknowledgementThatFailsBehindAStopReturnsItsMessages) {
  World world;
  auto& bus = world.bus();
  ASSERT_TRUE(world.run(bus.publish(numbered(queues::orders, 1, 3))));
  const auto got = world.receive(bus, queues::orders, 2);
  auto& other = world.bus();
  const auto third = world.receive(other, queues::orders, 1);
  world.execute("alter table bus_messages rename to away");
  const auto acked = world.begin(bus.ack(queues::orders, tags(got)));
  world.turn();
  bus.stop();
  world.settle();
  ASSERT_TRUE(*acked);
  EXPECT_FALSE(**acked);
  world.execute("alter table away rename to bus_messages");
  world.advance(limits::kRetryAfter);
  EXPECT_EQ(bodies(world.receive(other, queues::orders, 5)), numbers(1, 2));
  ASSERT_TRUE(world.run(other.ack(queues::orders, tags(third))));
  EXPECT_EQ(world.read<int>("select sum(length) from bus_queues"), 2);
}

}  // namespace
}  // namespace holdfast::embedded::bus
