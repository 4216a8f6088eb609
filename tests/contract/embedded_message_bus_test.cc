#include <atomic>
#include <set>
#include <thread>

#include "tests/contract/embedded_bus_harness.h"
#include "tests/contract/message_bus_contract.h"
#include "tests/contract/message_bus_outside_contract.h"
#include "tests/contract/message_bus_steps_contract.h"

namespace holdfast::testing {
namespace {

HarnessFactory harness_with(EmbeddedWriter writer) {
  return [writer] { return std::make_unique<EmbeddedBusHarness>(writer); };
}

INSTANTIATE_TEST_SUITE_P(EmbeddedInMemory, MessageBusContract,
                         ::testing::Values(harness_with(EmbeddedWriter::loop_in_memory)));
INSTANTIATE_TEST_SUITE_P(EmbeddedInFile, MessageBusContract,
                         ::testing::Values(harness_with(EmbeddedWriter::thread_in_file)));

/// One loop of a process: it publishes and consumes the same queue as the others.
class BusyLoop {
 public:
  static constexpr int kBatches = 40;
  static constexpr int kBatch = 25;

  BusyLoop(EmbeddedBusHarness& harness, std::string name)
      : name_(std::move(name)), bus_(harness.open(loop_.get_executor())) {}

  /// Until `total` messages have come to all loops together.
  void start(std::atomic<int>& received, int total) {
    boost::asio::co_spawn(loop_, produce(this), boost::asio::detached);
    boost::asio::co_spawn(loop_, consume(this, &received), boost::asio::detached);
    thread_ = std::thread([this, &received, total] {
      const auto until = std::chrono::steady_clock::now() + 60s;
      while (received < total && std::chrono::steady_clock::now() < until) loop_.run_for(5ms);
    });
  }
  void join() { thread_.join(); }
  /// Lets the waiting calls end; after the others have stopped as well.
  void end() {
    bus_->stop();
    loop_.run_for(50ms);
  }

  std::vector<Delivery> got;

 private:
  static boost::asio::awaitable<void> produce(BusyLoop* self) {
    for (int batch = 0; batch < kBatches; ++batch) {
      std::vector<OutgoingMessage> messages;
      for (int i = 0; i < kBatch; ++i) {
        const int number = batch * kBatch + i;
        messages.push_back(message(queues::refunds, static_cast<std::uint16_t>(number),
                                   self->name_ + std::to_string(number)));
        if (number % 10 == 0) messages.back().delay = Milliseconds(number % 7);
      }
      const auto result = co_await self->bus_->publish(std::move(messages));
      EXPECT_TRUE(result);
    }
  }
  static boost::asio::awaitable<void> consume(BusyLoop* self, std::atomic<int>* received) {
    for (int round = 0;; ++round) {
      auto batch = co_await self->bus_->receive(queues::refunds, {20, Milliseconds(round % 2)});
      if (batch.empty()) co_return;
      std::vector<std::uint64_t> tags;
      for (auto& delivery : batch) {
        tags.push_back(delivery.tag);
        self->got.push_back(std::move(delivery));
      }
      co_await self->bus_->ack(queues::refunds, std::move(tags));
      *received += static_cast<int>(batch.size());
      if (round % 10 == 9) {
        co_await self->bus_->pause(queues::refunds);
        co_await self->bus_->resume(queues::refunds);
      }
    }
  }

  const std::string name_;
  boost::asio::io_context loop_;
  std::unique_ptr<MessageBus> bus_;
  std::thread thread_;
};

TEST(EmbeddedMessageBus, LoopsOnManyThreadsShareAQueue) {
  constexpr int kLoops = 4;
  constexpr int kTotal = kLoops * BusyLoop::kBatches * BusyLoop::kBatch;
  EmbeddedBusHarness harness(EmbeddedWriter::thread_in_file);
  std::vector<std::unique_ptr<BusyLoop>> loops;
  for (int i = 0; i < kLoops; ++i) {
    loops.push_back(std::make_unique<BusyLoop>(harness, std::to_string(i) + "/"));
  }
  std::atomic<int> received{0};
  for (auto& loop : loops) loop->start(received, kTotal);
  for (auto& loop : loops) loop->join();
  harness.drain();
  std::set<std::string> bodies;
  std::set<std::uint64_t> tags;
  for (auto& loop : loops) {
    loop->end();
    for (const auto& delivery : loop->got) {
      EXPECT_TRUE(bodies.insert(delivery.body).second) << delivery.body << " came twice";
      EXPECT_TRUE(tags.insert(delivery.tag).second);
      EXPECT_FALSE(delivery.redelivered);
    }
  }
  EXPECT_EQ(bodies.size(), static_cast<std::size_t>(kTotal));
  harness.drain();
}

}  // namespace
}  // namespace holdfast::testing
