#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/failure.h"
#include "load/session.h"

namespace holdfast::bench {

// How many orders and refunds have come to their end since start(), looked at from outside.
class Counter {
 public:
  virtual ~Counter() = default;
  // Counts from here on: only what is placed or asked for after this.
  virtual Result<void> start() = 0;
  virtual Result<std::uint64_t> count_completed() = 0;
  virtual Result<std::uint64_t> count_refunded() = 0;
  // How many orders were completed in each second since start(); empty where nobody can tell.
  virtual Result<std::vector<std::uint64_t>> completed_by_second() = 0;
};

// Asks GET /metrics, where no other process may look into the book. Counts orders as they settle:
// right where settling one completes it, and where nothing of before start() is under way still.
// Blocks; one thread.
class MetricsCounter final : public Counter {
 public:
  explicit MetricsCounter(load::Endpoint endpoint);
  Result<void> start() override;
  Result<std::uint64_t> count_completed() override;
  Result<std::uint64_t> count_refunded() override;
  Result<std::vector<std::uint64_t>> completed_by_second() override;

 private:
  Result<std::uint64_t> read(const std::string& name);

  load::Session session_;
  std::uint64_t settled_before_ = 0;
  std::uint64_t refunded_before_ = 0;
};

}  // namespace holdfast::bench
