#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "adapters/rabbitmq/options.h"
#include "ports/message_bus.h"

namespace holdfast::rabbitmq {

class Publisher;
class Consumer;

/// The message bus over RabbitMQ 3.10 or later. Owns two threads with a connection each: one
/// publishes, one consumes (started by the first call that needs it). Every call and every
/// resumption is on the thread of `executor`, which must run one handler at a time. Lives from
/// `start` to `stop`, which must come before the end of the executor's context.
///
/// `ack` resumes at once: it is not known whether the broker heard it, and where it did not, the
/// message is delivered again.
///
/// An event that nobody listens to is forgotten. One that a listener's full queue refuses fails its
/// call with Effect::unknown: the other listeners may have it.
///
/// `pause` returns what was prefetched to the queue where its delivery count permits. The broker
/// counts such a return as a delivery, so from half of the delivery limit on a message stays here,
/// unacknowledged, and is the first to be handed out after `resume`.
class RabbitMessageBus final : public MessageBus {
 public:
  /// Throws std::invalid_argument for a URL that cannot be understood.
  RabbitMessageBus(boost::asio::any_io_executor executor, RabbitOptions options);
  ~RabbitMessageBus() override;

  /// Begins to connect; see `connected`.
  void start();
  void stop() override;

  boost::asio::awaitable<PortResult<void>> publish(std::vector<OutgoingMessage> messages) override;
  boost::asio::awaitable<std::vector<Delivery>> receive(QueueName queue,
                                                        BatchLimits limits) override;
  boost::asio::awaitable<PortResult<void>> ack(QueueName queue,
                                               std::vector<std::uint64_t> tags) override;
  boost::asio::awaitable<PortResult<void>> pause(QueueName queue) override;
  boost::asio::awaitable<PortResult<void>> resume(QueueName queue) override;
  boost::asio::awaitable<PortResult<QueueDepth>> depth(QueueName queue) override;
  /// Of the publishing connection; false too while the broker takes no messages (an alarm).
  [[nodiscard]] bool connected() const override;
  /// What is wrong, for people; empty when nothing is.
  [[nodiscard]] std::string last_error() const;

 private:
  struct Loop;

  Consumer& consumer();
  boost::asio::awaitable<PortResult<void>> change_flow(QueueName queue, bool paused);

  const RabbitOptions options_;
  std::shared_ptr<Loop> loop_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Consumer> consumer_;
};

}  // namespace holdfast::rabbitmq
