#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "adapters/embedded/bus_message.h"
#include "adapters/sqlite/session.h"
#include "ports/message_bus.h"

/// The bus's tables. Every function runs inside a job of the database and throws sqlite::Failure.
namespace holdfast::embedded::bus::store {

using QueueNumber = std::int64_t;
inline constexpr QueueNumber kParkedNumber = 1;

/// A queue as it was found.
struct QueueRecord {
  QueueNumber number = 0;
  QueueName name;
  Seq last_seq = 0;
  Seq loaded = 0;
};

/// Makes or upgrades the tables and reads the queues, in the order of their numbers. A process
/// starts: whatever may have been handed out before, and is still there, was delivered in vain once
/// more; what has passed the limit is parked. No more messages are touched than were in memory.
std::vector<QueueRecord> open(sqlite::Session& session, std::uint32_t delivery_limit);

/// Idempotent.
void create_queue(sqlite::Session& session, QueueNumber number, const QueueName& name);

/// A queue after messages were added to its end.
struct Extent {
  Seq last = 0;
  std::int64_t length = 0;
  bool loaded = false;  ///< the new messages may be handed out from memory
};
/// Adds `count` places at the end of an existing queue; `room`: with so many messages or fewer in
/// the queue the new ones count as loaded.
Extent extend(sqlite::Session& session, QueueNumber number, std::size_t count, std::size_t room);
void insert(sqlite::Session& session, QueueNumber number, Seq seq, const OutgoingMessage& message);

struct Fetched {
  std::vector<Loaded> messages;
  Seq through = 0;  ///< no message up to this place is missing
};
/// Reads at most `count` messages behind `after`, and counts them as loaded.
Fetched fetch(sqlite::Session& session, QueueNumber number, Seq after, std::size_t count);
/// Only messages up to `seq` may be handed out.
void lower_loaded(sqlite::Session& session, QueueNumber number, Seq seq);

/// Deletes messages; `seqs` ascending. One that is gone already is ignored.
void remove(sqlite::Session& session, QueueNumber number, const std::vector<Seq>& seqs);
/// Counts a delivery in vain for each of `seqs`, ascending, and parks what has passed the limit.
void count_deliveries(sqlite::Session& session, QueueNumber number, const QueueName& name,
                      const std::vector<Seq>& seqs, std::uint32_t delivery_limit);
/// Messages of the queue, those in hand too; none for a queue that does not exist.
std::int64_t length(sqlite::Session& session, QueueNumber number);
/// The last place that was given; 0 for a queue that does not exist.
Seq last_seq(sqlite::Session& session, QueueNumber number);

void delay(sqlite::Session& session, QueueNumber number, Instant available_at,
           const OutgoingMessage& message);
struct Promoted {
  std::map<QueueNumber, Seq> last;  ///< of each queue that got messages
  std::optional<Instant> next_due;
};
/// Moves messages whose time has come to the ends of their queues, the earliest first; a bounded
/// number of them.
Promoted promote(sqlite::Session& session, Instant now);
std::optional<Instant> next_due(sqlite::Session& session);

}  // namespace holdfast::embedded::bus::store
