#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <utility>

#include "domain/money.h"
#include "ports/errors.h"

namespace holdfast::rabbitmq {

/// Nothing was sent.
PortError unavailable(const std::string& why);

/// What other threads may know of a connection, and the log of what changed. Thread-safe.
class LinkStatus {
 public:
  /// `name` tells it from the process's other connections: `publisher`.
  explicit LinkStatus(std::string name);

  void up();
  /// Not usable, and why; kept until `up`.
  void down(std::string why);
  /// Likewise, by a fault: it is logged, once for each reason.
  void lost(const std::string& why);
  /// Connected, but something needs attention (a queue that cannot be consumed); logged likewise.
  void complain(const std::string& why);

  [[nodiscard]] bool is_up() const { return up_.load(std::memory_order_acquire); }
  [[nodiscard]] std::string error() const;

 private:
  const std::string name_;
  std::atomic<bool> up_{false};
  mutable std::mutex mutex_;
  std::string error_;
  std::string logged_;  ///< the last reason in the log, since the connection was up
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
