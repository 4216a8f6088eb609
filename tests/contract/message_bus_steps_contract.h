#pragma once

#include "tests/contract/message_bus_contract.h"

/// What a MessageBus must do for the queues of steps: there are many, their messages wait for
/// other servers, and several processes share them.
namespace holdfast::testing {

inline QueueName step_queue(int number) {
  return QueueName{"step.default.s" + std::to_string(number)};
}

TEST_P(MessageBusContract, ManyQueuesAreReceivedAtOnce) {
  constexpr int kQueues = 200;
  std::vector<std::shared_ptr<Collected>> got;
  for (int i = 0; i < kQueues; ++i) {
    got.push_back(consume(*bus_, step_queue(i), Acknowledge::yes, {16, 0ms}));
  }
  for (int i = 0; i < kQueues; ++i) {
    ASSERT_TRUE(wait_until([&] {
      const auto depth = run(bus_->depth(step_queue(i)));
      return depth && depth->consumers == 1;
    })) << step_queue(i).value;
  }
  for (int round = 0; round < 3; ++round) {
    std::vector<OutgoingMessage> messages;
    for (int i = 0; i < kQueues; ++i) {
      const auto number = static_cast<std::uint16_t>(round * kQueues + i);
      messages.push_back(message(step_queue(i), number, std::to_string(number)));
    }
    publish(*bus_, std::move(messages));
  }
  for (int i = 0; i < kQueues; ++i) {
    const auto& one = got[static_cast<std::size_t>(i)];
    ASSERT_TRUE(arrive(one, 3)) << step_queue(i).value;
    EXPECT_EQ(one->bodies(),
              (std::vector<std::string>{std::to_string(i), std::to_string(i + kQueues),
                                        std::to_string(i + 2 * kQueues)}));
  }
}

inline boost::asio::awaitable<void> receive_once(MessageBus* bus, QueueName queue,
                                                 std::size_t max_messages,
                                                 std::shared_ptr<Collected> into) {
  auto batch = co_await bus->receive(queue, {max_messages, 0ms});
  for (auto& delivery : batch) into->deliveries.push_back(std::move(delivery));
  into->ended = true;
}

TEST_P(MessageBusContract, OneReceiverLeavesToOthersWhatItCannotTake) {
  const QueueName step{"step.default.payment"};
  publish(*bus_, numbered(step, 1, 10));
  const auto slow = std::make_shared<Collected>();
  boost::asio::co_spawn(loop_, receive_once(bus_.get(), step, 4, slow), boost::asio::detached);
  ASSERT_TRUE(arrive(slow, 1));
  auto other = connect(*harness_);
  const auto quick = consume(*other, step, Acknowledge::yes, {1, 0ms});
  ASSERT_TRUE(arrive(quick, 6));
  close(other);
}

TEST_P(MessageBusContract, WhatIsInHandDoesNotHoldUpTheNextReceive) {
  const QueueName step{"step.default.payment"};
  publish(*bus_, numbered(step, 1, 30));
  const auto got = std::make_shared<Collected>();
  // One after the other, with nothing acknowledged in between.
  for (std::size_t i = 1; i <= 10; ++i) {
    boost::asio::co_spawn(loop_, receive_once(bus_.get(), step, 1, got), boost::asio::detached);
    ASSERT_TRUE(arrive(got, i));
  }
  // And all at once.
  for (int i = 0; i < 20; ++i) {
    boost::asio::co_spawn(loop_, receive_once(bus_.get(), step, 1, got), boost::asio::detached);
  }
  ASSERT_TRUE(arrive(got, 30));
  auto bodies = got->bodies();
  EXPECT_EQ(std::set<std::string>(bodies.begin(), bodies.end()).size(), 30U);
  std::vector<std::uint64_t> tags;
  for (const auto& delivery : got->deliveries) tags.push_back(delivery.tag);
  ASSERT_TRUE(run(bus_->ack(step, tags)));
  reopen();
  publish(*bus_, {message(step, 31, "next")});
  const auto rest = consume(*bus_, step);
  ASSERT_TRUE(arrive(rest, 1));
  EXPECT_EQ(rest->bodies(), std::vector<std::string>{"next"});
}

TEST_P(MessageBusContract, APauseLeavesWhatIsInHandToItsHandler) {
  const QueueName step{"step.default.payment"};
  publish(*bus_, numbered(step, 1, 12));
  const auto got = consume(*bus_, step, Acknowledge::no, {4, 0ms});
  ASSERT_TRUE(arrive(got, 4));
  ASSERT_TRUE(run(bus_->pause(step)));
  run_for(20ms);
  const std::size_t before = got->deliveries.size();
  run_for(100ms);
  ASSERT_EQ(got->deliveries.size(), before) << "delivers although paused";
  std::vector<std::uint64_t> tags;
  for (const auto& delivery : got->deliveries) tags.push_back(delivery.tag);
  ASSERT_TRUE(run(bus_->ack(step, tags)));
  // Another queue of the same bus goes on.
  const auto other = consume(*bus_, queues::refunds);
  publish(*bus_, {message(queues::refunds, 100, "refund")});
  ASSERT_TRUE(arrive(other, 1));

  ASSERT_TRUE(run(bus_->resume(step)));
  ASSERT_TRUE(arrive(got, 12));
  run_for(50ms);
  auto bodies = got->bodies();
  EXPECT_EQ(bodies.size(), 12U) << "what was in hand came again";
  EXPECT_EQ(std::set<std::string>(bodies.begin(), bodies.end()).size(), 12U);
}

TEST_P(MessageBusContract, ResumingAQueueThatNobodyReceivesTakesNothingFromIt) {
  const QueueName step{"step.default.payment"};
  ASSERT_TRUE(run(bus_->pause(step)));
  ASSERT_TRUE(run(bus_->resume(step)));
  publish(*bus_, numbered(step, 1, 5));
  auto other = connect(*harness_);
  const auto got = consume(*other, step);
  ASSERT_TRUE(arrive(got, 5));
  close(other);
}

TEST_P(MessageBusContract, StepsHaveDelaysOfTheirOwn) {
  const auto first = consume(*bus_, step_queue(1));
  const auto second = consume(*bus_, step_queue(2));
  auto late = message(step_queue(1), 1, "late");
  late.delay = kLongDelay;
  auto soon = message(step_queue(1), 2, "soon");
  soon.delay = kShortDelay;
  auto elsewhere = message(step_queue(2), 3, "elsewhere");
  elsewhere.delay = kShortDelay;
  const auto start = std::chrono::steady_clock::now();
  publish(*bus_, {late, soon, elsewhere});
  ASSERT_TRUE(arrive(first, 2));
  ASSERT_TRUE(arrive(second, 1));
  EXPECT_EQ(first->bodies(), (std::vector<std::string>{"soon", "late"}));
  EXPECT_GE(first->at[0] - start, kShortDelay);
  EXPECT_GE(first->at[1] - start, kLongDelay);
  EXPECT_EQ(second->bodies(), std::vector<std::string>{"elsewhere"});
}

}  // namespace holdfast::testing
