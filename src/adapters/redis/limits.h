#pragma once

#include <chrono>
#include <cstddef>

// Every queue, batch and wait of the Redis adapter that has a bound, in one place.

namespace holdfast::redis {

/// How long a change id is remembered. A change is repeated within minutes (the sweep does it); a
/// week outlasts any outage after which it could still be.
inline constexpr std::chrono::milliseconds kAppliedRetention = std::chrono::hours{24 * 7};

/// Calls that wait for a reply or for the socket; past it a call fails at once without effect.
inline constexpr std::size_t kMaxCallsInFlight = 65'536;
inline constexpr std::size_t kReadBufferSize = std::size_t{64} * 1024;

/// One script or command never holds Redis up for longer than these many items take (about 1 ms).
inline constexpr std::size_t kSettleChunk = 256;
inline constexpr std::size_t kDeleteChunk = 1'000;
inline constexpr std::size_t kReadChunk = 500;
inline constexpr std::size_t kWriteChunk = 500;

inline constexpr std::chrono::milliseconds kReconnectFirst{50};
inline constexpr std::chrono::milliseconds kReconnectMax{1'000};
/// A connection is given up when it is not ready for use within this time.
inline constexpr std::chrono::milliseconds kConnectTimeout{3'000};

}  // namespace holdfast::redis
