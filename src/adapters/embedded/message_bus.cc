#include "adapters/embedded/message_bus.h"

#include <utility>

#include "adapters/embedded/bus_core.h"

namespace holdfast::embedded {

namespace asio = boost::asio;

namespace {

tl::unexpected<PortError> stopped() {
  return tl::unexpected(PortError{PortErrorKind::unavailable, Effect::none, "the bus is stopped"});
}

}  // namespace

EmbeddedMessageBus::EmbeddedMessageBus(asio::any_io_executor executor, const Broker& broker)
    : executor_(std::move(executor)), core_(broker.core_), number_(core_->attach()) {}

EmbeddedMessageBus::~EmbeddedMessageBus() {
  stop();
}

void EmbeddedMessageBus::stop() {
  if (std::exchange(stopped_, true)) return;
  core_->detach(number_);
}

bool EmbeddedMessageBus::connected() const {
  return !stopped_ && core_->is_open();
}

asio::awaitable<PortResult<void>> EmbeddedMessageBus::publish(
    std::vector<OutgoingMessage> messages) {
  if (messages.empty()) co_return PortResult<void>{};
  if (!connected()) co_return stopped();
  co_return co_await bus::Core::publish(core_, std::move(messages));
}

asio::awaitable<std::vector<Delivery>> EmbeddedMessageBus::receive(QueueName queue,
                                                                   BatchLimits limits) {
  return bus::Core::receive(core_, executor_, number_, std::move(queue), limits);
}

asio::awaitable<PortResult<void>> EmbeddedMessageBus::ack(QueueName queue,
                                                          std::vector<std::uint64_t> tags) {
  return bus::Core::ack(core_, number_, std::move(queue), std::move(tags));
}

asio::awaitable<PortResult<void>> EmbeddedMessageBus::pause(QueueName queue) {
  co_return set_paused(queue, true);
}

asio::awaitable<PortResult<void>> EmbeddedMessageBus::resume(QueueName queue) {
  co_return set_paused(queue, false);
}

PortResult<void> EmbeddedMessageBus::set_paused(const QueueName& queue, bool paused) {
  if (!connected()) return stopped();
  core_->set_paused(number_, queue, paused);
  return {};
}

asio::awaitable<PortResult<QueueDepth>> EmbeddedMessageBus::depth(QueueName queue) {
  if (!connected()) co_return stopped();
  co_return co_await bus::Core::depth(core_, std::move(queue));
}

}  // namespace holdfast::embedded
