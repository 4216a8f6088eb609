#pragma once

#include <cstdint>
#include <string>

#include "bench/failure.h"
#include "load/session.h"

namespace holdfast::bench {

// How many orders and refunds have come to their end, looked at from outside.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual Result<std::uint64_t> count_completed() = 0;
  virtual Result<std::uint64_t> count_refunded() = 0;
};

// Asks GET /metrics, where no other process may look into the book. Counts since Holdfast started;
// right where settling an order completes it. Blocks; one thread.
class MetricsCounter final : public Counter {
 public:
  explicit MetricsCounter(load::Endpoint endpoint);
  Result<std::uint64_t> count_completed() override;
  Result<std::uint64_t> count_refunded() override;

 private:
  Result<std::uint64_t> read(const std::string& name);

  load::Session session_;
};

}  // namespace holdfast::bench
