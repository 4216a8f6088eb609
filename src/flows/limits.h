#pragma once

#include <cstddef>
#include <cstdint>

#include "domain/money.h"

/// Every bound of the flows that is not configuration.
namespace holdfast::flows::limits {

/// Settlement stands still when the oldest unsettled order has been the same one for this long.
inline constexpr Milliseconds kStandstill{3000};

/// A SKU that had nothing left is not asked for again before this.
inline constexpr Milliseconds kSoldOutFor{10};

/// Rounds of the publisher begin at least this far apart, unless one is full.
inline constexpr Milliseconds kPublishPace{3};
/// Waiters of the publisher are looked at this often; the error of `ack_timeout`.
inline constexpr Milliseconds kWaiterTick{50};
/// While RabbitMQ is away the publisher looks for it this often.
inline constexpr Milliseconds kBusPoll{100};

/// Refunds that one message wakes at the most, and looks that share a transaction.
inline constexpr std::size_t kWakesInMessage = 256;
inline constexpr std::size_t kRefundBatch = 256;
/// Deliveries of the refunds and the parked queue handled as one batch.
inline constexpr std::size_t kRefundMessages = 64;
inline constexpr std::size_t kParkedBatch = 64;
/// Refunds asked for and steps reported, written in one transaction.
inline constexpr std::size_t kUpdateBatch = 256;
/// Pause before the same batch is tried again while a server is away.
inline constexpr Milliseconds kServerAwayPause{250};
/// Delay of messages that wait for a server other than RabbitMQ.
inline constexpr Milliseconds kRetryLater{1000};

/// Messages of one step's queue, or answers, taken at once.
inline constexpr std::size_t kStepBatch = 64;
/// A message that comes this much before its time is not sent back for it.
inline constexpr Milliseconds kEarlyEnough{20};
/// Of a call that reverses a step of kind `await`, whose own timeout is that of the wait.
inline constexpr Milliseconds kReverseOfAwaitTimeout{5000};
/// What an attempt may take beyond its call before another one is made.
inline constexpr Milliseconds kLeaseSlack{5000};

/// Calls of one address at a time, all steps that share it together.
inline constexpr std::size_t kCallsOfOneAddress = 10'000;

inline constexpr std::size_t kEventBatch = 500;
/// Events of settlements go by way of the book for this long once RabbitMQ has not taken some.
inline constexpr Milliseconds kEventsByBook{30'000};

inline constexpr std::size_t kSweepBatch = 512;
inline constexpr std::size_t kSweepRounds = 20;
/// A row is left to its message for this long past its time before the sweep takes it.
inline constexpr Milliseconds kSweepGrace{2000};
/// An attempt to give the ledger a purchase limit has this long before the sweep makes another.
inline constexpr Milliseconds kLimitLease{5000};
/// Reservations older than this that nobody seems to be settling are sent again.
inline constexpr Milliseconds kUnsettledAge{10'000};

inline constexpr Milliseconds kDrainDeadline{20'000};
inline constexpr Milliseconds kDrainPoll{50};
/// Orders whose journal entries a rebuild restores, newest first.
inline constexpr std::size_t kRestoredJournal = 200'000;

/// A difference is told of when it was seen at so many looks, and for so long.
inline constexpr int kReconcileLooks = 30;
inline constexpr Milliseconds kReconcilePatience{1500};
inline constexpr Milliseconds kReconcilePoll{20};

inline constexpr Milliseconds kWaitPollFirst{10};
inline constexpr Milliseconds kWaitPollMax{200};

/// By more than this the clocks of two processes should not differ.
inline constexpr Milliseconds kClockSkew{60'000};
/// More than the clocks of two processes can differ by.
inline constexpr Milliseconds kAnyClock{24 * 3'600'000};
/// Open reservations and refunds that a change of a purchase limit reads at the most.
inline constexpr std::size_t kUnsettledForLimit = 1'000'000;

inline constexpr std::size_t kParkedRetryBatch = 200;
inline constexpr Milliseconds kParkedLease{30'000};

inline constexpr std::size_t kRefundsOfOneOrder = 200;
inline constexpr std::size_t kPointsMovements = 50;

}  // namespace holdfast::flows::limits
