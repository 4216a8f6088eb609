#pragma once

#include <cstdint>

namespace holdfast::embedded {

struct BrokerOptions {
  /// Messages a queue takes before it refuses, those in hand counted; `parked` takes all.
  std::uint64_t max_length = 1'000'000;
  /// Deliveries in vain, of a process that died or a bus that was stopped, after which one more
  /// parks a message.
  std::uint32_t delivery_limit = 20;
};

}  // namespace holdfast::embedded
