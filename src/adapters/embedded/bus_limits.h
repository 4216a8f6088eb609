#pragma once

#include <cstddef>
#include <cstdint>

#include "domain/money.h"

/// Every bound of the embedded message bus that is not an option. What a message may be is what
/// the bus over RabbitMQ takes, so that whoever moves there finds nothing refused.
namespace holdfast::embedded::bus::limits {

inline constexpr std::size_t kMaxBodyBytes = std::size_t{15} * 1024 * 1024;
inline constexpr std::size_t kMaxHeaderBytes = std::size_t{64} * 1024;
/// Of names of queues, topics, headers and content types, and of an idempotency key.
inline constexpr std::size_t kMaxNameBytes = 255;

/// Messages of a queue kept in memory and not handed out: so many times what one receiver takes at
/// once, within these bounds. A process that dies counts a delivery for each of them, so a queue
/// that is taken one by one keeps few.
inline constexpr std::size_t kLoadedPerReceive = 4;
inline constexpr std::size_t kMinLoaded = 16;
inline constexpr std::size_t kMaxLoaded = 4'096;
/// Their bodies' bytes; the message that reaches it is the last.
inline constexpr std::size_t kMaxLoadedBytes = std::size_t{16} * 1024 * 1024;

/// Delayed messages moved to their queues in one job.
inline constexpr std::size_t kMaxDueAtOnce = 256;
/// How long the broker waits after the database failed a job of its own.
inline constexpr Milliseconds kRetryAfter{1'000};

/// What is parked waits for operators, however often the process starts.
inline constexpr std::uint32_t kParkedDeliveryLimit = 1'000'000;

}  // namespace holdfast::embedded::bus::limits
