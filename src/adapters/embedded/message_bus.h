#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "adapters/embedded/broker.h"
#include "ports/message_bus.h"

namespace holdfast::embedded {

/// The message bus of one loop over a broker of this process. Every call and every resumption is on
/// the thread of `executor`, which runs one handler at a time. Lives until `stop`, which must come
/// before the end of the executor's context.
///
/// `publish` and `ack` resume when their commit is on disk. All messages of a `publish` are queued
/// or none: an error says Effect::none, or Effect::unknown where the commit itself failed. A
/// message that cannot be sent, a queue that is full and an event that needs a listener and has
/// none are `rejected`. Events are told to who listens in this process (Broker::listen).
///
/// What `stop` finds in hand is delivered again, and counts as a delivery in vain. A pause takes
/// nothing out of anybody's hand, and counts nothing.
class EmbeddedMessageBus final : public MessageBus {
 public:
  EmbeddedMessageBus(boost::asio::any_io_executor executor, const Broker& broker);
  ~EmbeddedMessageBus() override;

  boost::asio::awaitable<PortResult<void>> publish(std::vector<OutgoingMessage> messages) override;
  boost::asio::awaitable<std::vector<Delivery>> receive(QueueName queue,
                                                        BatchLimits limits) override;
  boost::asio::awaitable<PortResult<void>> ack(QueueName queue,
                                               std::vector<std::uint64_t> tags) override;
  boost::asio::awaitable<PortResult<void>> pause(QueueName queue) override;
  boost::asio::awaitable<PortResult<void>> resume(QueueName queue) override;
  boost::asio::awaitable<PortResult<QueueDepth>> depth(QueueName queue) override;
  /// Until stopped.
  [[nodiscard]] bool connected() const override;
  void stop() override;

 private:
  PortResult<void> set_paused(const QueueName& queue, bool paused);

  const boost::asio::any_io_executor executor_;
  const std::shared_ptr<bus::Core> core_;
  const std::uint64_t number_;
  bool stopped_ = false;
};

}  // namespace holdfast::embedded
