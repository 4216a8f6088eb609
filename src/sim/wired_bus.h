#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ports/message_bus.h"
#include "sim/links.h"
#include "sim/wire.h"

namespace holdfast::sim {

/// The broker as one process meets it: over its wire, and with what can happen to messages.
class WiredBus final : public MessageBus {
 public:
  WiredBus(Wire& wire, Server& server, Links& links)
      : wire_(wire), server_(server), links_(links) {}

  boost::asio::awaitable<PortResult<void>> publish(std::vector<OutgoingMessage> messages) override;
  boost::asio::awaitable<std::vector<Delivery>> receive(QueueName queue,
                                                        BatchLimits limits) override;
  boost::asio::awaitable<PortResult<void>> ack(QueueName queue,
                                               std::vector<std::uint64_t> tags) override;
  boost::asio::awaitable<PortResult<void>> pause(QueueName queue) override;
  boost::asio::awaitable<PortResult<void>> resume(QueueName queue) override;
  boost::asio::awaitable<PortResult<QueueDepth>> depth(QueueName queue) override;
  [[nodiscard]] bool connected() const override { return server_.up; }
  void stop() override { stopped_ = true; }

 private:
  boost::asio::awaitable<PortResult<void>> publish_from(Site site,
                                                        std::vector<OutgoingMessage> messages);
  boost::asio::awaitable<std::vector<Delivery>> receive_from(Site site, QueueName queue,
                                                             BatchLimits limits);
  boost::asio::awaitable<std::vector<Delivery>> mishandle(QueueName queue,
                                                          std::vector<Delivery> batch);
  boost::asio::awaitable<void> copy_to_queue(QueueName queue, Delivery delivery,
                                             std::optional<Milliseconds> delay);
  std::string place(const std::string& queue) const { return wire_.name() + "/" + queue; }

  Wire& wire_;      // HELD NOT OWNED
  Server& server_;  // HELD NOT OWNED
  Links& links_;    // HELD NOT OWNED
  bool stopped_ = false;
  std::map<std::string, std::vector<Delivery>> held_back_;
};

}  // namespace holdfast::sim
