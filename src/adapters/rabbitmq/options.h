#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/money.h"

namespace holdfast::rabbitmq {

/// A delay that is known beforehand, so that its wait queue is declared on connecting. For few: a
/// new one takes RabbitMQ about 20 ms. Others are declared when first used.
struct WaitQueue {
  QueueName target;
  Milliseconds delay{};
};

struct RabbitOptions {
  std::string url = "amqp://guest:guest@127.0.0.1:5672/%2f";
  std::string name_space = "holdfast";   ///< prefix of every queue
  Milliseconds heartbeat{15'000};        ///< whole seconds, at least 1 s
  Milliseconds rpc_timeout{10'000};      ///< connecting, declaring, depth
  std::size_t confirm_window = 500;      ///< messages sent and not confirmed
  std::uint64_t max_length = 1'000'000;  ///< messages a work queue takes before it refuses
  std::uint32_t delivery_limit = 20;     ///< deliveries before the broker parks a message
  std::vector<WaitQueue> waits;          ///< others are declared when first used
  /// Unacknowledged deliveries per queue, to 65535: of `orders`, `refunds`, `parked` and `answers`
  /// so many are fetched, of the others as many as their receivers take at once, and no more.
  std::size_t prefetch = 512;
  Milliseconds publish_deadline{10'000};  ///< a publish call ends with Effect::unknown past it
  /// Further work queues to declare on connecting. One that the broker refuses takes only itself
  /// away.
  std::vector<QueueName> queues;
};

}  // namespace holdfast::rabbitmq
