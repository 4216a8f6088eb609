#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>

#include "domain/money.h"
#include "ports/errors.h"

namespace holdfast::rabbitmq {

/// Nothing was sent.
PortError unavailable(const std::string& why);

/// What other threads may know of a connection. Thread-safe.
class LinkStatus {
 public:
  void up();
  /// Not usable, and why; kept until `up`.
  void down(std::string why);
  /// Connected, but something needs attention (a queue that cannot be consumed).
  void complain(std::string why);

  [[nodiscard]] bool is_up() const { return up_.load(std::memory_order_acquire); }
  [[nodiscard]] std::string error() const;

 private:
  std::atomic<bool> up_{false};
  mutable std::mutex mutex_;
  std::string error_;
};

/// Pauses between attempts to connect: doubling, each a random part of 50 to 100 % of its step, so
/// that many processes do not come back at once.
class Backoff {
 public:
  Milliseconds next();
  void reset() { step_ = Milliseconds(0); }

 private:
  std::minstd_rand random_{std::random_device{}()};
  Milliseconds step_{0};
};

}  // namespace holdfast::rabbitmq
