#pragma once

#include "tests/contract/message_bus_fixture.h"

/// What every MessageBus must do. One source file of an adapter's tests includes this and
/// instantiates the suite with a harness of its own:
///   INSTANTIATE_TEST_SUITE_P(Name, MessageBusContract, testing::Values(HarnessFactory{…}));
namespace holdfast::testing {

class MessageBusContract : public ::testing::TestWithParam<HarnessFactory>,
                           public MessageBusFixture {
 protected:
  void SetUp() override {
    harness_ = GetParam()();
    bus_ = connect(*harness_);
  }
  void TearDown() override {
    if (bus_) close(bus_);
    for (const auto& into : collected_) EXPECT_TRUE(into->ended) << "a receive goes on after stop";
  }
  void reopen() {
    close(bus_);
    bus_ = connect(*harness_);
  }

  std::unique_ptr<MessageBusHarness> harness_;
  std::unique_ptr<MessageBus> bus_;
};

TEST_P(MessageBusContract, WhatIsPublishedIsDelivered) {
  auto outgoing = message(queues::orders, 7, R"({"order":1})");
  outgoing.attempts = 3;
  outgoing.headers = {{"traceparent", "00-abc-def-01"}, {"note", "ümläut & \"quotes\""}};
  publish(*bus_, {outgoing});

  const auto got = consume(*bus_, queues::orders);
  ASSERT_TRUE(arrive(got, 1));
  const auto& delivery = got->deliveries[0];
  EXPECT_EQ(delivery.id, message_id(7));
  EXPECT_EQ(delivery.body, R"({"order":1})");
  EXPECT_EQ(delivery.attempts, 3U);
  EXPECT_FALSE(delivery.redelivered);
  EXPECT_NE(delivery.tag, 0U);
  EXPECT_EQ(delivery.headers, outgoing.headers);
}

TEST_P(MessageBusContract, AMessageWithoutIdHasTheNilId) {
  OutgoingMessage outgoing;
  outgoing.queue = queues::refunds;
  outgoing.body = "x";
  publish(*bus_, {outgoing});
  const auto got = consume(*bus_, queues::refunds);
  ASSERT_TRUE(arrive(got, 1));
  EXPECT_TRUE(got->deliveries[0].id.value.is_nil());
  EXPECT_EQ(got->deliveries[0].attempts, 0U);
}

TEST_P(MessageBusContract, BodiesAreBytes) {
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte.push_back(static_cast<char>(i));
  publish(*bus_, {message(queues::orders, 1, every_byte), message(queues::orders, 2, ""),
                  message(queues::orders, 3, std::string("\0\0", 2))});
  const auto got = consume(*bus_, queues::orders);
  ASSERT_TRUE(arrive(got, 3));
  EXPECT_EQ(got->deliveries[0].body, every_byte);
  EXPECT_EQ(got->deliveries[1].body, "");
  EXPECT_EQ(got->deliveries[2].body, std::string("\0\0", 2));
}

TEST_P(MessageBusContract, BodiesMayBeBig) {
  std::string big(std::size_t{1024} * 1024, '\0');
  for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 % 251);
  publish(*bus_, {message(queues::orders, 1, big), message(queues::orders, 2, "small"),
                  message(queues::orders, 3, big)});
  const auto got = consume(*bus_, queues::orders);
  ASSERT_TRUE(arrive(got, 3));
  EXPECT_TRUE(got->deliveries[0].body == big);
  EXPECT_EQ(got->deliveries[1].body, "small");
  EXPECT_TRUE(got->deliveries[2].body == big);
}

TEST_P(MessageBusContract, PublishingNothingSucceeds) {
  EXPECT_TRUE(run(bus_->publish({})));
}

TEST_P(MessageBusContract, OneConsumerGetsAQueueInOrder) {
  const auto got = consume(*bus_, queues::orders);
  for (std::uint16_t first = 1; first < 1000; first = static_cast<std::uint16_t>(first + 50)) {
    publish(*bus_, numbered(queues::orders, first, static_cast<std::uint16_t>(first + 49)));
  }
  ASSERT_TRUE(arrive(got, 1000));
  EXPECT_EQ(got->bodies(), numbers(1, 1000));
  std::set<std::uint64_t> tags;
  for (const auto& delivery : got->deliveries) tags.insert(delivery.tag);
  EXPECT_EQ(tags.size(), 1000U);
}

TEST_P(MessageBusContract, QueuesAreSeparate) {
  const QueueName step{"step.default.payment"};
  const auto steps = consume(*bus_, step);
  const auto refunds = consume(*bus_, queues::refunds);
  std::vector<OutgoingMessage> mixed;
  for (std::uint16_t i = 1; i <= 20; ++i) {
    mixed.push_back(message(i % 2 == 0 ? step : queues::refunds, i, std::to_string(i)));
  }
  publish(*bus_, mixed);
  ASSERT_TRUE(arrive(steps, 10));
  ASSERT_TRUE(arrive(refunds, 10));
  EXPECT_EQ(steps->deliveries[0].body, "2");
  EXPECT_EQ(refunds->deliveries[0].body, "1");
}

TEST_P(MessageBusContract, WhatIsNotAcknowledgedComesAgain) {
  publish(*bus_, numbered(queues::orders, 1, 5));
  const auto first = consume(*bus_, queues::orders, Acknowledge::no);
  ASSERT_TRUE(arrive(first, 5));
  // Not the lowest ones, nor in order: what stays open must be exactly the others.
  ASSERT_TRUE(run(bus_->ack(queues::orders, {first->deliveries[3].tag, first->deliveries[1].tag})));
  reopen();

  const auto second = consume(*bus_, queues::orders, Acknowledge::no);
  ASSERT_TRUE(arrive(second, 3));
  publish(*bus_, {message(queues::orders, 6, "last")});
  ASSERT_TRUE(arrive(second, 4));
  EXPECT_THAT(second->bodies(), ::testing::UnorderedElementsAre("1", "3", "5", "last"));
  for (const auto& delivery : second->deliveries) {
    EXPECT_EQ(delivery.redelivered, delivery.body != "last") << delivery.body;
    EXPECT_EQ(delivery.id == message_id(1), delivery.body == "1");
  }
}

TEST_P(MessageBusContract, WhatIsAcknowledgedIsGone) {
  publish(*bus_, numbered(queues::orders, 1, 100));
  const auto first = consume(*bus_, queues::orders);
  ASSERT_TRUE(arrive(first, 100));
  reopen();
  publish(*bus_, {message(queues::orders, 101, "next")});
  const auto second = consume(*bus_, queues::orders);
  ASSERT_TRUE(arrive(second, 1));
  EXPECT_EQ(second->bodies(), std::vector<std::string>{"next"});
}

TEST_P(MessageBusContract, AcknowledgingTwiceOrAStrangerChangesNothing) {
  publish(*bus_, numbered(queues::orders, 1, 3));
  const auto got = consume(*bus_, queues::orders, Acknowledge::no);
  ASSERT_TRUE(arrive(got, 3));
  const std::uint64_t tag = got->deliveries[0].tag;
  EXPECT_TRUE(run(bus_->ack(queues::orders, {tag, tag})));
  EXPECT_TRUE(run(bus_->ack(queues::orders, {tag})));
  EXPECT_TRUE(run(bus_->ack(queues::orders, {})));
  EXPECT_TRUE(run(bus_->ack(queues::orders, {std::uint64_t{1} << 63U, 0U})));
  // The connection lives, and the other two are still ours.
  publish(*bus_, {message(queues::orders, 4, "4")});
  ASSERT_TRUE(arrive(got, 4));
  reopen();
  const auto again = consume(*bus_, queues::orders, Acknowledge::no);
  ASSERT_TRUE(arrive(again, 3));
  EXPECT_THAT(again->bodies(), ::testing::UnorderedElementsAre("2", "3", "4"));
}

TEST_P(MessageBusContract, ADelayedMessageComesAfterItsDelayAndSoon) {
  const auto got = consume(*bus_, queues::refunds);
  auto late = message(queues::refunds, 1, "late");
  late.delay = kLongDelay;
  auto soon = message(queues::refunds, 2, "soon");
  soon.delay = kShortDelay;
  soon.attempts = 4;
  soon.headers = {{"k", "v"}};
  const auto now = message(queues::refunds, 3, "now");
  const auto start = std::chrono::steady_clock::now();
  publish(*bus_, {late, soon, now});
  ASSERT_TRUE(arrive(got, 3));
  // The long one was published first and does not hold up the short one.
  EXPECT_EQ(got->bodies(), (std::vector<std::string>{"now", "soon", "late"}));
  EXPECT_GE(got->at[1] - start, kShortDelay);
  EXPECT_LT(got->at[1] - start, kLongDelay);
  EXPECT_GE(got->at[2] - start, kLongDelay);
  EXPECT_LT(got->at[2] - start, kLongDelay + 3s);
  // A delay leaves no marks on the message.
  EXPECT_EQ(got->deliveries[1].id, message_id(2));
  EXPECT_EQ(got->deliveries[1].attempts, 4U);
  EXPECT_EQ(got->deliveries[1].headers, soon.headers);
}

TEST_P(MessageBusContract, ADelaySurvivesTheBusObject) {
  auto delayed = message(queues::refunds, 1, "delayed");
  delayed.delay = kShortDelay;
  publish(*bus_, {delayed});
  reopen();
  const auto got = consume(*bus_, queues::refunds);
  ASSERT_TRUE(arrive(got, 1));
  EXPECT_EQ(got->deliveries[0].body, "delayed");
}

TEST_P(MessageBusContract, ABatchIsNeverLargerThanAskedFor) {
  publish(*bus_, numbered(queues::orders, 1, 10));
  const auto got = consume(*bus_, queues::orders, Acknowledge::yes, {4, 50ms});
  ASSERT_TRUE(arrive(got, 10));
  for (const auto size : got->batch_sizes) EXPECT_LE(size, 4U);
  EXPECT_LE(got->batch_sizes.size(), 5U) << "does not gather";
}

TEST_P(MessageBusContract, ABatchGathersUntilItIsFullOrItsTimeIsUp) {
  const auto got = consume(*bus_, queues::orders, Acknowledge::yes, {5, 10s});
  publish(*bus_, numbered(queues::orders, 1, 2));
  run_for(100ms);
  EXPECT_EQ(got->deliveries.size(), 0U) << "does not linger";
  publish(*bus_, numbered(queues::orders, 3, 5));
  ASSERT_TRUE(wait_until([&] { return !got->batch_sizes.empty(); }, 5s)) << "full, and lingers";
  EXPECT_EQ(got->batch_sizes, std::vector<std::size_t>{5});

  const auto brief = consume(*bus_, queues::refunds, Acknowledge::yes, {5, 50ms});
  publish(*bus_, numbered(queues::refunds, 6, 7));
  ASSERT_TRUE(arrive(brief, 2));
}

TEST_P(MessageBusContract, APauseStopsDeliveryAndLosesNothing) {
  publish(*bus_, numbered(queues::orders, 1, 20));
  const auto got = consume(*bus_, queues::orders, Acknowledge::yes, {1, 0ms});
  ASSERT_TRUE(arrive(got, 3));
  ASSERT_TRUE(run(bus_->pause(queues::orders)));
  run_for(20ms);
  const std::size_t before = got->deliveries.size();
  publish(*bus_, numbered(queues::orders, 21, 30));
  run_for(100ms);
  EXPECT_EQ(got->deliveries.size(), before) << "delivers although paused";

  ASSERT_TRUE(run(bus_->resume(queues::orders)));
  ASSERT_TRUE(arrive(got, 30));
  const auto bodies = got->bodies();
  EXPECT_EQ(std::set<std::string>(bodies.begin(), bodies.end()).size(), 30U);
  EXPECT_EQ(bodies.size(), 30U) << "what was handed out and acknowledged came again";
}

TEST_P(MessageBusContract, WhatAPausedBusHadPrefetchedGoesToAnother) {
  publish(*bus_, numbered(queues::orders, 1, 20));
  const auto first = consume(*bus_, queues::orders, Acknowledge::yes, {1, 0ms});
  ASSERT_TRUE(arrive(first, 1));
  ASSERT_TRUE(run(bus_->pause(queues::orders)));
  auto other = connect(*harness_);
  const auto second = consume(*other, queues::orders);
  ASSERT_TRUE(
      wait_until([&] { return first->deliveries.size() + second->deliveries.size() >= 20; }));
  EXPECT_EQ(first->deliveries.size() + second->deliveries.size(), 20U);
  close(other);
}

TEST_P(MessageBusContract, PauseAndResumeMayBeRepeatedAndComeFirst) {
  ASSERT_TRUE(run(bus_->pause(queues::orders)));
  ASSERT_TRUE(run(bus_->pause(queues::orders)));
  const auto got = consume(*bus_, queues::orders);
  publish(*bus_, numbered(queues::orders, 1, 3));
  run_for(100ms);
  EXPECT_TRUE(got->deliveries.empty());
  ASSERT_TRUE(run(bus_->resume(queues::orders)));
  ASSERT_TRUE(run(bus_->resume(queues::orders)));
  ASSERT_TRUE(arrive(got, 3));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(run(bus_->pause(queues::orders)));
    ASSERT_TRUE(run(bus_->resume(queues::orders)));
  }
  publish(*bus_, numbered(queues::orders, 4, 6));
  ASSERT_TRUE(arrive(got, 6));
  EXPECT_EQ(got->bodies(), numbers(1, 6));
}

inline boost::asio::awaitable<void> publish_counting(MessageBus* bus,
                                                     std::vector<OutgoingMessage> messages,
                                                     std::shared_ptr<int> succeeded) {
  const auto result = co_await bus->publish(std::move(messages));
  if (result) ++*succeeded;
}

TEST_P(MessageBusContract, ManyPublishesAtOnce) {
  const auto succeeded = std::make_shared<int>(0);
  const auto got = consume(*bus_, queues::orders);
  for (int call = 0; call < 40; ++call) {
    const auto first = static_cast<std::uint16_t>(call * 50 + 1);
    auto messages = numbered(queues::orders, first, static_cast<std::uint16_t>(first + 49));
    boost::asio::co_spawn(loop_, publish_counting(bus_.get(), std::move(messages), succeeded),
                          boost::asio::detached);
  }
  ASSERT_TRUE(wait_until([&] { return *succeeded == 40; }));
  ASSERT_TRUE(arrive(got, 2000));
  std::set<MessageId> ids;
  for (const auto& delivery : got->deliveries) ids.insert(delivery.id);
  EXPECT_EQ(ids.size(), 2000U);
  EXPECT_EQ(got->deliveries.size(), 2000U);
}

TEST_P(MessageBusContract, TwoConsumersShareAQueue) {
  const auto a = consume(*bus_, queues::orders, Acknowledge::yes, {1, 0ms});
  const auto b = consume(*bus_, queues::orders, Acknowledge::yes, {1, 0ms});
  publish(*bus_, numbered(queues::orders, 1, 50));
  ASSERT_TRUE(wait_until([&] { return a->deliveries.size() + b->deliveries.size() >= 50; }));
  EXPECT_EQ(a->deliveries.size() + b->deliveries.size(), 50U);
}

TEST_P(MessageBusContract, DepthCountsWhatIsReadyAndWhoConsumes) {
  publish(*bus_, numbered(queues::orders, 1, 12));
  auto depth = run(bus_->depth(queues::orders));
  ASSERT_TRUE(depth) << depth.error().detail;
  EXPECT_EQ(depth->ready, 12U);
  EXPECT_EQ(depth->consumers, 0U);
  const auto unused = run(bus_->depth(QueueName{"step.default.never-used"}));
  ASSERT_TRUE(unused) << unused.error().detail;
  EXPECT_EQ(unused->ready, 0U);

  const auto got = consume(*bus_, queues::orders);
  ASSERT_TRUE(arrive(got, 12));
  depth = run(bus_->depth(queues::orders));
  ASSERT_TRUE(depth) << depth.error().detail;
  EXPECT_EQ(depth->ready, 0U);
  EXPECT_EQ(depth->consumers, 1U);
}

TEST_P(MessageBusContract, StopEndsEveryReceive) {
  const auto orders = consume(*bus_, queues::orders);
  const auto refunds = consume(*bus_, queues::refunds);
  const auto lingering = consume(*bus_, queues::parked, Acknowledge::no, {10, 60s});
  publish(*bus_, {message(queues::parked, 1, "1")});
  bus_->stop();
  ASSERT_TRUE(wait_until([&] { return orders->ended && refunds->ended && lingering->ended; }));
  EXPECT_FALSE(bus_->connected());
  EXPECT_TRUE(run(bus_->receive(queues::orders, {})).empty());
  const auto result = run(bus_->publish(numbered(queues::orders, 1, 1)));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().effect, Effect::none);
  EXPECT_EQ(result.error().kind, PortErrorKind::unavailable);
  bus_->stop();  // again, for nothing
  reopen();      // what was not handed out is still there
  const auto parked = consume(*bus_, queues::parked);
  ASSERT_TRUE(arrive(parked, 1));
}

TEST_P(MessageBusContract, AcknowledgementsBeforeStopCount) {
  publish(*bus_, numbered(queues::orders, 1, 10));
  const auto got = consume(*bus_, queues::orders, Acknowledge::no);
  ASSERT_TRUE(arrive(got, 10));
  std::vector<std::uint64_t> tags;
  for (const auto& delivery : got->deliveries) tags.push_back(delivery.tag);
  ASSERT_TRUE(run(bus_->ack(queues::orders, tags)));
  reopen();
  const auto depth = run(bus_->depth(queues::orders));
  ASSERT_TRUE(depth);
  EXPECT_EQ(depth->ready, 0U);
}

}  // namespace holdfast::testing
