#pragma once

#include <boost/asio/awaitable.hpp>
#include <mutex>
#include <random>

#include "ports/clock.h"

namespace holdfast::app {

/// The machine's clock. Stateless; any loop may use it.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
  boost::asio::awaitable<void> sleep(Milliseconds duration) override;
};

/// UUIDv7 from the machine's clock and random device. Any thread: a decision of an embedded book
/// runs on its writer's.
class SystemIds final : public Ids {
 public:
  Uuid next() override;

 private:
  std::mutex mutex_;
  std::mt19937_64 random_{seed()};  ///< guarded by mutex_
  static std::uint64_t seed();
};

}  // namespace holdfast::app
