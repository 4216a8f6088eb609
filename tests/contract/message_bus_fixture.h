#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ports/message_bus.h"
#include "tests/support/run_coroutine.h"

/// What tests of a message bus want; the contract suite itself is in message_bus_contract.h.
namespace holdfast::testing {

using namespace std::chrono_literals;

/// The delays that the suite uses; an adapter that must know them beforehand is told these.
inline constexpr Milliseconds kShortDelay = 300ms;
inline constexpr Milliseconds kLongDelay = 1'200ms;

/// What a program that is not Holdfast puts into a queue, in its own library's ways.
struct ForeignMessage {
  using Header = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;

  std::string body;
  std::optional<std::string> id;  // none, or any text
  std::map<std::string, Header> headers;
};

struct HeardEvent {
  std::string topic;
  std::string id;
  std::string content_type;
  std::string body;
  std::map<std::string, std::string> headers;
  bool persistent = false;
};

/// Another program that listens to events from its construction on.
class EventListener {
 public:
  virtual ~EventListener() = default;
  /// What has come since the last call.
  virtual std::vector<HeardEvent> take() = 0;
};

/// Queues of one test, empty at first, kept as long as the harness.
class MessageBusHarness {
 public:
  virtual ~MessageBusHarness() = default;
  /// One more bus over the same queues, begun to connect.
  virtual std::unique_ptr<MessageBus> open(boost::asio::any_io_executor executor) = 0;
  /// Needs a bus that has been connected.
  virtual void send_foreign(const QueueName& queue, const ForeignMessage& message) = 0;
  /// `pattern`: words between dots, `*` for any one of them, `#` for any number.
  virtual std::unique_ptr<EventListener> listen(const std::string& pattern) = 0;
};

using HarnessFactory = std::function<std::unique_ptr<MessageBusHarness>()>;

/// What a background consumer has got so far, in order.
struct Collected {
  std::vector<Delivery> deliveries;
  std::vector<std::chrono::steady_clock::time_point> at;
  std::vector<std::size_t> batch_sizes;
  bool ended = false;

  [[nodiscard]] std::vector<std::string> bodies() const {
    std::vector<std::string> all;
    for (const auto& delivery : deliveries) all.push_back(delivery.body);
    return all;
  }
};

enum class Acknowledge { yes, no };

inline boost::asio::awaitable<void> collect(MessageBus* bus, QueueName queue, BatchLimits limits,
                                            Acknowledge acknowledge,
                                            std::shared_ptr<Collected> into) {
  while (true) {
    auto batch = co_await bus->receive(queue, limits);
    if (batch.empty()) break;
    into->batch_sizes.push_back(batch.size());
    std::vector<std::uint64_t> tags;
    for (auto& delivery : batch) {
      tags.push_back(delivery.tag);
      into->at.push_back(std::chrono::steady_clock::now());
      into->deliveries.push_back(std::move(delivery));
    }
    if (acknowledge == Acknowledge::yes) co_await bus->ack(queue, std::move(tags));
  }
  into->ended = true;
}

inline MessageId message_id(std::uint16_t number) {
  MessageId id;
  id.value.bytes[0] = 0x5a;
  id.value.bytes[14] = static_cast<std::uint8_t>(number >> 8U);
  id.value.bytes[15] = static_cast<std::uint8_t>(number & 0xffU);
  return id;
}

inline OutgoingMessage message(const QueueName& queue, std::uint16_t number, std::string body) {
  OutgoingMessage outgoing;
  outgoing.queue = queue;
  outgoing.id = message_id(number);
  outgoing.body = std::move(body);
  return outgoing;
}

inline OutgoingMessage event(const std::string& topic, std::uint16_t number, std::string body) {
  OutgoingMessage outgoing = message(QueueName{""}, number, std::move(body));
  outgoing.topic = topic;
  outgoing.content_type = "application/cloudevents+json";
  return outgoing;
}

/// What a listener has heard so far, in order.
class HeardEvents {
 public:
  explicit HeardEvents(std::unique_ptr<EventListener> listener) : listener_(std::move(listener)) {}

  std::size_t count() {
    auto more = listener_->take();
    events.insert(events.end(), more.begin(), more.end());
    return events.size();
  }
  [[nodiscard]] std::vector<std::string> bodies() const {
    std::vector<std::string> all;
    for (const auto& one : events) all.push_back(one.body);
    return all;
  }

  std::vector<HeardEvent> events;

 private:
  std::unique_ptr<EventListener> listener_;
};

/// Messages `from` to `to`, inclusive, whose bodies are their numbers.
inline std::vector<OutgoingMessage> numbered(const QueueName& queue, std::uint16_t from,
                                             std::uint16_t to) {
  std::vector<OutgoingMessage> messages;
  for (std::uint16_t i = from; i <= to; ++i) {
    messages.push_back(message(queue, i, std::to_string(i)));
  }
  return messages;
}

inline std::vector<std::string> numbers(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i <= to; ++i) all.push_back(std::to_string(i));
  return all;
}

/// The helpers that tests of any bus want; also the base of an adapter's own tests.
class MessageBusFixture {
 public:
  static constexpr auto kDeadline = 20s;

  template <class Predicate>
  [[nodiscard]] bool wait_until(Predicate holds, std::chrono::milliseconds deadline = kDeadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    while (!holds()) {
      if (std::chrono::steady_clock::now() >= until) return false;
      run_for(5ms);
    }
    return true;
  }

  /// Lets the loop work for a while, where a test shows that something does not happen.
  void run_for(std::chrono::milliseconds time) {
    loop_.restart();
    loop_.run_for(time);
  }

  std::unique_ptr<MessageBus> connect(MessageBusHarness& harness) {
    auto bus = harness.open(loop_.get_executor());
    EXPECT_TRUE(wait_until([&] { return bus->connected(); }));
    return bus;
  }

  template <class T>
  T run(boost::asio::awaitable<T> task) {
    return testing::run(loop_, std::move(task), kDeadline);
  }

  void publish(MessageBus& bus, std::vector<OutgoingMessage> messages) {
    const auto result = run(bus.publish(std::move(messages)));
    ASSERT_TRUE(result) << result.error().detail;
  }

  std::shared_ptr<Collected> consume(MessageBus& bus, const QueueName& queue,
                                     Acknowledge acknowledge = Acknowledge::yes,
                                     BatchLimits limits = {}) {
    auto into = std::make_shared<Collected>();
    boost::asio::co_spawn(loop_, collect(&bus, queue, limits, acknowledge, into),
                          boost::asio::detached);
    collected_.push_back(into);
    return into;
  }

  [[nodiscard]] bool arrive(const std::shared_ptr<Collected>& into, std::size_t count) {
    return wait_until([&] { return into->deliveries.size() >= count; });
  }

  /// Stops a bus, lets its consumers end, destroys it.
  void close(std::unique_ptr<MessageBus>& bus) {
    bus->stop();
    // What still waits ends now; a test that cares asserts that it did.
    const auto all_ended = [this] {
      return std::all_of(collected_.begin(), collected_.end(),
                         [](const auto& into) { return into->ended; });
    };
    static_cast<void>(wait_until(all_ended, 5s));
    bus.reset();
  }

  boost::asio::io_context loop_;
  std::vector<std::shared_ptr<Collected>> collected_;
};

}  // namespace holdfast::testing
