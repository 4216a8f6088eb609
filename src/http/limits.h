#pragma once

#include <chrono>
#include <cstddef>

// Every bound of the HTTP side, in one place.

namespace holdfast::http::limits {

inline constexpr std::size_t kMaxHeadBytes =
    std::size_t{8} * 1024;  ///< request line and header fields
inline constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kMaxJsonDepth = 32;
/// Raw bytes of one chunked body, framing included: bounds a body of many tiny chunks.
inline constexpr std::size_t kMaxChunkedBytes = std::size_t{1024} * 1024;
inline constexpr std::size_t kMaxChunkLineBytes = 1024;  ///< one chunk's size and extensions
inline constexpr std::size_t kInitialBufferBytes = std::size_t{4} * 1024;

inline constexpr std::size_t kMaxFaults = 100;  ///< field errors in one answer
inline constexpr std::size_t kMaxIdempotencyKeyBytes = 255;
inline constexpr std::size_t kMaxRequestIdBytes = 128;
inline constexpr std::size_t kMaxPathSegments = 6;
inline constexpr std::size_t kMaxQueryParameters = 32;

inline constexpr std::size_t kDefaultPage = 50;
inline constexpr std::size_t kMaxPage = 200;
inline constexpr std::chrono::seconds kMaxWait{60};  ///< of `Prefer: wait`

/// Connections over `max_connections` that are told so; any beyond are closed unanswered.
inline constexpr std::size_t kMaxTurnedAway = 64;
/// After an answer that ends a connection: how long and how much of what the client still sends is
/// read, so that the kernel does not reset the connection before the answer has been read.
inline constexpr std::chrono::milliseconds kLinger{2000};
inline constexpr std::size_t kMaxLingerBytes = std::size_t{1024} * 1024;

}  // namespace holdfast::http::limits
