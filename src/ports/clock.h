#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>

#include "domain/ids.h"
#include "domain/money.h"

namespace holdfast {

/// Time as the flows see it: the system's, or a simulator's.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  /// Resumes on the calling coroutine's executor after `duration`, or early when the loop stops.
  virtual boost::asio::awaitable<void> sleep(Milliseconds duration) = 0;
};

/// Source of new ids: the system's random device, or a seeded one.
class Ids {
 public:
  virtual ~Ids() = default;
  virtual Uuid next() = 0;  ///< a new UUIDv7
};

}  // namespace holdfast
