#include "sim/wired_bus.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace holdfast::sim {
namespace {

constexpr Milliseconds kPollAgain{200};
constexpr unsigned kTagBits = 48;

/// A tag that tells over which connection its delivery came.
std::uint64_t tag_of(std::uint64_t bus_number, std::uint64_t tag) {
  return (bus_number << kTagBits) | tag;
}

/// The outbox entries that a message of orders stands for, appended to `entries`.
void entries_of(const OutgoingMessage& message, std::vector<std::string>& entries) {
  if (message.queue != queues::orders) return;
  boost::system::error_code error;
  const auto body = boost::json::parse(message.body, error);
  if (error || !body.is_object()) return;
  const auto* orders = body.as_object().if_contains("orders");
  if (orders == nullptr || !orders->is_array()) return;
  for (const auto& order : orders->get_array()) {
    const auto* id = order.as_object().if_contains("outbox_id");
    if (id != nullptr && id->is_string()) entries.emplace_back(id->get_string());
  }
}

}  // namespace

boost::asio::awaitable<PortResult<void>> WiredBus::publish(std::vector<OutgoingMessage> messages) {
  return publish_from(HF_SITE("bus.publish"), std::move(messages));
}

boost::asio::awaitable<PortResult<void>> WiredBus::publish_from(
    Site site, std::vector<OutgoingMessage> messages) {
  auto& faults = wire_.network().faults;
  auto& random = wire_.network().random;
  const auto now = wire_.network().scheduler.now();
  std::vector<OutgoingMessage> taken;
  bool refuses = false;
  for (auto& message : messages) {
    std::vector<MessageFault> kinds{MessageFault::nack};
    if (message.delay) {
      kinds = {MessageFault::nack, MessageFault::early_wait, MessageFault::late_wait};
      // A message that holds an order is no mere wake-up: it is as durable as a queue.
      if (message.queue != queues::orders) kinds.push_back(MessageFault::drop_wait);
    }
    const auto fault = faults.of_message(place("publish"), kinds, now);
    if (fault == MessageFault::nack) refuses = true;
    if (fault == MessageFault::early_wait) message.delay.reset();
    if (fault == MessageFault::late_wait)
      *message.delay += Milliseconds{random.between(1, 600'000)};
    // An event that one listener's queue refuses is in those of the others.
    const bool is_refused = fault == MessageFault::nack && !message.topic;
    if (is_refused || fault == MessageFault::drop_wait) continue;
    taken.push_back(std::move(message));
  }
  const auto alarm = wire_.network().alarm_until - now;
  if (alarm > Milliseconds{0}) co_await wire_.pause(std::min(alarm, server_.timeout));
  if (alarm >= server_.timeout) co_return tl::unexpected<PortError>(timed_out(server_));
  std::vector<std::string> entries;
  for (const auto& message : taken) entries_of(message, entries);
  const bool any_taken = !taken.empty();
  auto carry_out = [to = links_.bus, taken = std::move(taken)] { return to->publish(taken); };
  auto result = co_await wire_.call<void>(site, server_, std::move(carry_out));
  if (result) wire_.network().confirmed.insert(entries.begin(), entries.end());
  if (refuses && result) {
    PortError nacked;
    nacked.kind = PortErrorKind::rejected;
    nacked.effect = any_taken ? Effect::unknown : Effect::none;
    nacked.detail = "the broker refused a message";
    co_return tl::unexpected<PortError>(std::move(nacked));
  }
  co_return result;
}

boost::asio::awaitable<std::vector<Delivery>> WiredBus::receive(QueueName queue,
                                                                BatchLimits limits) {
  return receive_from(HF_SITE("bus.receive"), std::move(queue), limits);
}

boost::asio::awaitable<std::vector<Delivery>> WiredBus::receive_from(Site site, QueueName queue,
                                                                     BatchLimits limits) {
  auto& held = held_back_[queue.value];
  if (!held.empty()) co_return std::exchange(held, {});
  while (!stopped_) {
    const auto number = links_.bus_number;
    auto carry_out = [to = links_.bus, queue,
                      limits]() -> boost::asio::awaitable<PortResult<std::vector<Delivery>>> {
      return [](std::shared_ptr<embedded::EmbeddedMessageBus> bus, QueueName from,
                BatchLimits within) -> boost::asio::awaitable<PortResult<std::vector<Delivery>>> {
        co_return co_await bus->receive(std::move(from), within);
      }(to, queue, limits);
    };
    auto got = co_await wire_.wait_for<std::vector<Delivery>>(site, server_, std::move(carry_out));
    if (!got || got->empty()) {
      co_await wire_.pause(kPollAgain);
      continue;
    }
    for (auto& delivery : *got) delivery.tag = tag_of(number, delivery.tag);
    auto batch = co_await mishandle(queue, std::move(*got));
    // Those that were held back came last anyway.
    if (batch.empty()) batch = std::exchange(held, {});
    if (!batch.empty()) co_return batch;
  }
  co_return std::vector<Delivery>{};
}

boost::asio::awaitable<std::vector<Delivery>> WiredBus::mishandle(QueueName queue,
                                                                  std::vector<Delivery> batch) {
  auto& network = wire_.network();
  std::vector<Delivery> handed_out;
  for (auto& delivery : batch) {
    const auto fault = network.faults.of_message(
        place(queue.value),
        {MessageFault::duplicate, MessageFault::hold_back, MessageFault::very_late_copy},
        network.scheduler.now());
    if (fault == MessageFault::duplicate) co_await copy_to_queue(queue, delivery, std::nullopt);
    if (fault == MessageFault::very_late_copy) {
      const Milliseconds delay{network.random.between(1, 300'000)};
      network.last_arrival = std::max(network.last_arrival, network.scheduler.now() + delay);
      co_await copy_to_queue(queue, delivery, delay);
    }
    auto& to = fault == MessageFault::hold_back && handed_out.size() + 1 < batch.size()
                   ? held_back_[queue.value]
                   : handed_out;
    to.push_back(std::move(delivery));
  }
  network.random.shuffle(handed_out);
  co_return handed_out;
}

boost::asio::awaitable<void> WiredBus::copy_to_queue(QueueName queue, Delivery delivery,
                                                     std::optional<Milliseconds> delay) {
  OutgoingMessage copy;
  copy.queue = std::move(queue);
  copy.id = delivery.id;
  copy.body = std::move(delivery.body);
  copy.attempts = delivery.attempts;
  copy.headers = std::move(delivery.headers);
  copy.delay = delay;
  std::vector<OutgoingMessage> copies;
  copies.push_back(std::move(copy));
  auto carry_out = [to = links_.bus, copies = std::move(copies)] { return to->publish(copies); };
  static_cast<void>(co_await wire_.wait_for<void>(Site{}, server_, std::move(carry_out)));
}

boost::asio::awaitable<PortResult<void>> WiredBus::ack(QueueName queue,
                                                       std::vector<std::uint64_t> tags) {
  std::vector<std::uint64_t> inner;
  for (const auto tag : tags) {
    if (tag >> kTagBits != links_.bus_number) continue;  // of a lost connection
    inner.push_back(tag & ((std::uint64_t{1} << kTagBits) - 1));
  }
  auto carry_out = [to = links_.bus, queue = std::move(queue), inner = std::move(inner)] {
    return to->ack(queue, inner);
  };
  return wire_.call<void>(HF_SITE("bus.ack"), server_, std::move(carry_out));
}

boost::asio::awaitable<PortResult<void>> WiredBus::pause(QueueName queue) {
  auto carry_out = [to = links_.bus, queue = std::move(queue)] { return to->pause(queue); };
  return wire_.call<void>(HF_SITE("bus.pause"), server_, std::move(carry_out));
}

boost::asio::awaitable<PortResult<void>> WiredBus::resume(QueueName queue) {
  auto carry_out = [to = links_.bus, queue = std::move(queue)] { return to->resume(queue); };
  return wire_.call<void>(HF_SITE("bus.resume"), server_, std::move(carry_out));
}

boost::asio::awaitable<PortResult<QueueDepth>> WiredBus::depth(QueueName queue) {
  auto carry_out = [to = links_.bus, queue = std::move(queue)] { return to->depth(queue); };
  return wire_.call<QueueDepth>(HF_SITE("bus.depth"), server_, std::move(carry_out));
}

}  // namespace holdfast::sim
