#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace holdfast::postgres::limits {

/// Pause before a lost connection is opened again: doubles from the first to the last, jittered.
inline constexpr std::chrono::milliseconds kFirstReconnectPause{50};
inline constexpr std::chrono::milliseconds kLastReconnectPause{2'000};

/// The server gives up this much before half of a call's time is over; see
/// PostgresOrderBook::Session.
inline constexpr std::chrono::milliseconds kServerGivesUpEarlier{100};

/// Times a transaction is run in all when the server says deadlock or serialization failure.
inline constexpr int kTransactionAttempts = 5;
inline constexpr std::chrono::milliseconds kFirstRetryPause{5};

/// A rebuild reads the whole book of stock: it may take this many times the usual deadline.
inline constexpr int kSnapshotPatience = 12;

/// Callers that may wait for a connection at once; one more is refused.
inline constexpr std::size_t kMaxWaiting = 10'000;

/// Rows of the high-water table, so that settlements do not wait for one another there.
inline constexpr int kHighWaterSlots = 256;

/// Records of an archive that are read, or written, at once.
inline constexpr std::size_t kArchiveBatch = 500;
/// How long an archive waits for the connections of a process that has just ended.
inline constexpr std::chrono::milliseconds kArchivePatience{3'000};
inline constexpr std::chrono::milliseconds kArchivePoll{100};

}  // namespace holdfast::postgres::limits
