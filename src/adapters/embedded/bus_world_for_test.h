#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "adapters/embedded/broker.h"
#include "adapters/embedded/bus_queue.h"
#include "adapters/embedded/message_bus.h"
#include "adapters/sqlite/database.h"

/// A bus in one loop, in memory and in a time that tests move: what happens depends on nothing
/// else.
namespace holdfast::embedded::bus {

class TestClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  boost::asio::awaitable<void> sleep(Milliseconds duration) override {
    auto keep = [&](Resumption sleeper) { sleepers_.emplace(now_ + duration, std::move(sleeper)); };
    co_await async::detail::suspend(keep);
  }
  /// Goes on to the next sleeper, who is woken; to `end`, and false, when nobody wakes by then.
  bool step(Instant end) {
    if (sleepers_.empty() || sleepers_.begin()->first > end) {
      now_ = end;
      return false;
    }
    auto next = sleepers_.extract(sleepers_.begin());
    now_ = std::max(now_, next.key());
    next.mapped()->resume();
    return true;
  }
  [[nodiscard]] std::size_t sleepers() const { return sleepers_.size(); }

 private:
  Instant now_{Milliseconds{1'700'000'000'000}};
  std::multimap<Instant, Resumption> sleepers_;
};

class World {
 public:
  explicit World(std::string path = ":memory:") : database_(loop_.get_executor(), path) { start(); }
  ~World() {
    crash();
    settle();
  }

  /// The process dies: nothing that it still does has an effect.
  void crash() {
    broker_.reset();
    buses_.clear();
  }
  /// The process ends in good order.
  void end() {
    buses_.clear();
    settle();
    broker_.reset();
  }
  void start() {
    settle();
    broker_ = std::make_unique<Broker>(database_, loop_.get_executor(), clock, options);
  }
  void restart() {
    crash();
    start();
  }
  EmbeddedMessageBus& bus() {
    buses_.push_back(std::make_unique<EmbeddedMessageBus>(loop_.get_executor(), *broker_));
    return *buses_.back();
  }
  Broker& broker() { return *broker_; }

  /// Lets everything happen that happens at this moment.
  void settle() {
    loop_.restart();
    loop_.poll();
  }
  /// Lets one thing happen, as the start of a call.
  void turn() {
    loop_.restart();
    loop_.poll_one();
  }
  void advance(Milliseconds time) {
    const Instant end = clock.now() + time;
    settle();
    while (clock.step(end)) settle();
    settle();
  }

  /// What a call gives, once it does.
  template <class T>
  using Pending = std::shared_ptr<std::optional<T>>;

  template <class T>
  Pending<T> begin(boost::asio::awaitable<T> task) {
    auto pending = std::make_shared<std::optional<T>>();
    boost::asio::co_spawn(loop_, std::move(task), [pending](std::exception_ptr thrown, T result) {
      if (thrown) std::rethrow_exception(thrown);
      pending->emplace(std::move(result));
    });
    return pending;
  }
  template <class T>
  T run(boost::asio::awaitable<T> task) {
    const auto pending = begin(std::move(task));
    settle();
    if (!*pending) throw std::runtime_error("the call waits");
    return std::move(**pending);
  }
  /// What there is; throws when there is nothing.
  std::vector<Delivery> receive(MessageBus& from, const QueueName& queue, std::size_t max) {
    return run(from.receive(queue, {max, Milliseconds{0}}));
  }
  std::uint64_t ready(const QueueName& queue) { return run(bus().depth(queue)).value().ready; }
  void execute(const std::string& sql) {
    settle();
    database_.run_now([&](sqlite::Session& session) { session.script(sql); });
  }
  template <class T>
  T read(std::string_view sql) {
    std::optional<T> value;
    settle();
    database_.run_now([&](sqlite::Session& session) { value = session.first<T>(sql); });
    return value.value();
  }

 private:
  boost::asio::io_context loop_;

 public:
  TestClock clock;
  BrokerOptions options;

 private:
  sqlite::Database database_;
  std::unique_ptr<Broker> broker_;
  std::vector<std::unique_ptr<EmbeddedMessageBus>> buses_;
};

inline const QueueName kStep{"step.default.payment"};

inline OutgoingMessage numbered(const QueueName& queue, int number) {
  OutgoingMessage message;
  message.queue = queue;
  message.id.value.bytes[15] = static_cast<std::uint8_t>(number);
  message.body = std::to_string(number);
  return message;
}

inline std::vector<OutgoingMessage> numbered(const QueueName& queue, int from, int to) {
  std::vector<OutgoingMessage> messages;
  for (int i = from; i <= to; ++i) messages.push_back(numbered(queue, i));
  return messages;
}

inline std::vector<std::string> bodies(const std::vector<Delivery>& deliveries) {
  std::vector<std::string> all;
  for (const auto& delivery : deliveries) all.push_back(delivery.body);
  return all;
}

inline std::vector<std::uint64_t> tags(const std::vector<Delivery>& deliveries) {
  std::vector<std::uint64_t> all;
  for (const auto& delivery : deliveries) all.push_back(delivery.tag);
  return all;
}

inline std::vector<std::string> numbers(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i <= to; ++i) all.push_back(std::to_string(i));
  return all;
}

}  // namespace holdfast::embedded::bus
