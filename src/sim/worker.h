#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "adapters/embedded/message_bus.h"
#include "ports/message_bus.h"
#include "sim/provider.h"
#include "sim/storage.h"
#include "sim/wire.h"

namespace holdfast::sim {

/// Somebody else's program, which carries out the steps of kind `amqp`: it takes work from a step's
/// queue, has the provider do it and answers; or does not, twice, late, or dies before it could.
/// Runs where the servers do.
class Worker {
 public:
  Worker(Network& network, Storage& storage, Provider& provider, const StepName& step);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start();

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> handle(Delivery delivery);
  boost::asio::awaitable<void> send(std::string answer, MessageFault fault);
  void connect();

  Network& network_;    // HELD NOT OWNED
  Storage& storage_;    // HELD NOT OWNED
  Provider& provider_;  // HELD NOT OWNED
  QueueName queue_;
  VirtualClock clock_{network_.servers};
  std::shared_ptr<embedded::EmbeddedMessageBus> bus_;
};

}  // namespace holdfast::sim
