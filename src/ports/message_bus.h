#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/money.h"
#include "ports/errors.h"

namespace holdfast {

/// The queues there are, without the namespace: `orders`, `refunds`, `parked`,
/// `step.<plan>.<step>`, and for workers in other programs `work.<step>` and `answers`.
namespace queues {
inline const QueueName orders{"orders"};
inline const QueueName refunds{"refunds"};
inline const QueueName parked{"parked"};
inline const QueueName answers{"answers"};
inline QueueName step(const PlanName& plan, const StepName& name) {
  return QueueName{"step." + plan.value + "." + name.value};
}
inline QueueName work(const StepName& name) {
  return QueueName{"work." + name.value};
}
}  // namespace queues

/// Says on a message that an operator sends it again: nothing but it brings its trouble on.
inline const std::string kRetryHeader = "hf-retry";

struct OutgoingMessage {
  QueueName queue;
  /// Set: not for a queue but for whoever listens to events of this name (`order.completed`);
  /// confirmed whether anybody does or not. `queue` and `delay` do not count then.
  std::optional<std::string> topic;
  /// Of a topic: where nobody listens to it, the call fails as `rejected` with Effect::none.
  bool needs_listener = false;
  std::optional<Milliseconds> delay;  ///< by way of a wait queue; one of a few fixed values
  MessageId id;                       ///< the same when the message is sent again
  std::string body;
  std::uint32_t attempts = 0;  ///< handling attempts so far, counted by the flows
  std::map<std::string, std::string> headers;
  std::string content_type = "application/json";
};

struct Delivery {
  std::uint64_t tag = 0;  ///< names this delivery to `ack`; ours, unique over reconnects
  MessageId id;           ///< nil when the sender gave none
  std::string body;
  std::uint32_t attempts = 0;
  bool redelivered = false;
  std::map<std::string, std::string> headers;
};

struct QueueDepth {
  std::uint64_t ready = 0;  ///< messages not yet delivered to a consumer
  std::uint32_t consumers = 0;
};

struct BatchLimits {
  std::size_t max_messages = 64;
  Milliseconds linger{0};  ///< how long to wait for more once there is one
};

/// Durable queues that deliver at least once. Belongs to one loop: calls are made and coroutines
/// resumed there, whatever threads the adapter keeps.
class MessageBus {
 public:
  virtual ~MessageBus() = default;

  /// Resumes when every message is confirmed as durably queued. An error may leave some of them
  /// queued (Effect::unknown) unless it says Effect::none; send again under the same ids.
  /// Not connected: fails at once, Effect::none.
  virtual boost::asio::awaitable<PortResult<void>> publish(
      std::vector<OutgoingMessage> messages) = 0;

  /// Waits for at least one delivery of `queue`, then gathers more within `limits`. The first call
  /// subscribes. Survives reconnects: it simply goes on waiting. Empty only when stopped.
  virtual boost::asio::awaitable<std::vector<Delivery>> receive(QueueName queue,
                                                                BatchLimits limits) = 0;
  /// Forgets deliveries for good. A tag from a lost connection is ignored: it is delivered again.
  virtual boost::asio::awaitable<PortResult<void>> ack(QueueName queue,
                                                       std::vector<std::uint64_t> tags) = 0;

  /// Stops delivery to `receive`; what was prefetched and not handed out goes back to the queue.
  virtual boost::asio::awaitable<PortResult<void>> pause(QueueName queue) = 0;
  virtual boost::asio::awaitable<PortResult<void>> resume(QueueName queue) = 0;

  virtual boost::asio::awaitable<PortResult<QueueDepth>> depth(QueueName queue) = 0;
  [[nodiscard]] virtual bool connected() const = 0;
  /// Ends all waiting `receive` calls with an empty batch; no delivery after that.
  virtual void stop() = 0;
};

}  // namespace holdfast
