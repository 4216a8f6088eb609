#include "adapters/embedded/bus_store.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "adapters/embedded/bus_limits.h"
#include "adapters/embedded/bus_queries.h"
#include "adapters/sqlite/database.h"
#include "domain/assert.h"

namespace holdfast::embedded::bus {

/// Bytes bound where they are.
struct BlobView {
  std::string_view bytes;
};

}  // namespace holdfast::embedded::bus

namespace holdfast::sqlite {

template <>
struct Value<embedded::bus::BlobView> {
  static int bind(sqlite3_stmt* to, int at, embedded::bus::BlobView blob) {
    return sqlite3_bind_blob64(to, at, blob.bytes.empty() ? "" : blob.bytes.data(),
                               blob.bytes.size(), SQLITE_STATIC);
  }
};

}  // namespace holdfast::sqlite

namespace holdfast::embedded::bus::store {
namespace {

using sqlite::Bytes;
using sqlite::Session;

constexpr int kSeqBits = 40;

std::int64_t key_of(QueueNumber number, Seq seq) {
  return (number << kSeqBits) | seq;
}
Seq seq_of(std::int64_t key) {
  return key & ((std::int64_t{1} << kSeqBits) - 1);
}

/// Calls `each(first, last)` for every run of successive places in `seqs`, which are ascending.
template <class Each>
void for_each_run(const std::vector<Seq>& seqs, Each each) {
  for (std::size_t i = 0; i < seqs.size();) {
    const std::size_t first = i++;
    while (i < seqs.size() && seqs[i] == seqs[i - 1] + 1) ++i;
    each(seqs[first], seqs[i - 1]);
  }
}

/// Moves one message to the end of `parked`.
void park(Session& session, const QueueName& from, std::int64_t key) {
  auto encoded = session.first<Bytes>(sql::kHeaders, key);
  if (!encoded) return;
  Headers headers = decode_headers(encoded->value);
  headers[kDeadLetterQueueHeader] = from.value;
  headers[kDeadLetterReasonHeader] = kDeliveryLimitReason;
  const std::string marked = encode_headers(headers);
  const Seq place = extend(session, kParkedNumber, 1, 0).last;
  session.run(sql::kPark, key_of(kParkedNumber, place), key, BlobView{marked});
  session.run(sql::kDelete, key, key);
}

/// Counts a delivery of each message from `first` to `last`; parks what has had too many.
void count_run(Session& session, QueueNumber number, const QueueName& name, Seq first, Seq last,
               std::uint32_t delivery_limit) {
  const auto limit = number == kParkedNumber ? limits::kParkedDeliveryLimit : delivery_limit;
  session.run(sql::kCountDelivery, key_of(number, first), key_of(number, last));
  std::vector<std::int64_t> keys;
  {
    auto rows = session.query(sql::kPastLimit, key_of(number, first), key_of(number, last), limit);
    while (rows.next()) keys.push_back(rows.get<std::int64_t>(0));
  }
  for (const auto key : keys) park(session, name, key);
  if (!keys.empty()) session.run(sql::kShrinkQueue, number, keys.size());
}

Loaded read(sqlite::Rows& rows) {
  Loaded loaded;
  loaded.seq = seq_of(rows.take<std::int64_t>());
  loaded.delivery.id = rows.take<MessageId>();
  loaded.delivery.attempts = rows.take<std::uint32_t>();
  loaded.deliveries = rows.take<std::uint32_t>();
  loaded.delivery.headers = decode_headers(rows.take<Bytes>().value);
  loaded.delivery.body = rows.take<Bytes>().value;
  return loaded;
}

std::vector<QueueRecord> read_queues(Session& session) {
  std::vector<QueueRecord> queues;
  auto rows = session.query(sql::kQueues);
  while (rows.next()) {
    QueueRecord record;
    record.number = rows.take<QueueNumber>();
    record.name = rows.take<QueueName>();
    record.last_seq = rows.take<Seq>();
    record.loaded = rows.take<Seq>();
    queues.push_back(std::move(record));
  }
  return queues;
}

}  // namespace

std::vector<QueueRecord> open(Session& session, std::uint32_t delivery_limit) {
  sqlite::migrate(session, "bus", sql::kSteps);
  for (const auto& queue : read_queues(session)) {
    if (queue.loaded == 0) continue;
    count_run(session, queue.number, queue.name, 1, queue.loaded, delivery_limit);
    lower_loaded(session, queue.number, 0);
  }
  return read_queues(session);
}

void create_queue(Session& session, QueueNumber number, const QueueName& name) {
  session.run(sql::kCreateQueue, number, name);
}

Extent extend(Session& session, QueueNumber number, std::size_t count, std::size_t room) {
  auto rows = session.query(sql::kExtendQueue, number, count, room);
  const bool exists = rows.next();
  HF_ASSERT(exists);
  Extent extent;
  extent.length = rows.take<std::int64_t>();
  extent.last = rows.take<Seq>();
  extent.loaded = rows.take<Seq>() >= extent.last;
  return extent;
}

void insert(Session& session, QueueNumber number, Seq seq, const OutgoingMessage& message) {
  const std::string headers = encode_headers(message.headers);
  session.run(sql::kInsert, key_of(number, seq), message.id, message.attempts, message.content_type,
              BlobView{headers}, BlobView{message.body});
}

Fetched fetch(Session& session, QueueNumber number, Seq after, std::size_t count) {
  Fetched fetched;
  fetched.through = last_seq(session, number);
  std::size_t bytes = 0;
  auto rows =
      session.query(sql::kFetch, key_of(number, after), key_of(number, fetched.through), count);
  while (bytes < limits::kMaxLoadedBytes && rows.next()) {
    fetched.messages.push_back(read(rows));
    bytes += fetched.messages.back().delivery.body.size();
  }
  if (fetched.messages.size() == count || bytes >= limits::kMaxLoadedBytes) {
    fetched.through = fetched.messages.back().seq;
  }
  session.run(sql::kRaiseLoaded, number, fetched.through);
  return fetched;
}

void lower_loaded(Session& session, QueueNumber number, Seq seq) {
  session.run(sql::kLowerLoaded, number, seq);
}

void remove(Session& session, QueueNumber number, const std::vector<Seq>& seqs) {
  std::int64_t removed = 0;
  for_each_run(seqs, [&](Seq first, Seq last) {
    removed += session.run(sql::kDelete, key_of(number, first), key_of(number, last));
  });
  if (removed != 0) session.run(sql::kShrinkQueue, number, removed);
}

void count_deliveries(Session& session, QueueNumber number, const QueueName& name,
                      const std::vector<Seq>& seqs, std::uint32_t delivery_limit) {
  for_each_run(seqs, [&](Seq first, Seq last) {
    count_run(session, number, name, first, last, delivery_limit);
  });
}

std::int64_t length(Session& session, QueueNumber number) {
  return session.first<std::int64_t>(sql::kLength, number).value_or(0);
}

Seq last_seq(Session& session, QueueNumber number) {
  return session.first<Seq>(sql::kLastSeq, number).value_or(0);
}

void delay(Session& session, QueueNumber number, Instant available_at,
           const OutgoingMessage& message) {
  const std::string headers = encode_headers(message.headers);
  session.run(sql::kDelay, available_at, number, message.id, message.attempts, message.content_type,
              BlobView{headers}, BlobView{message.body});
}

Promoted promote(Session& session, Instant now) {
  struct Due {
    std::int64_t place;
    QueueNumber queue;
  };
  std::vector<Due> all;
  {
    auto rows = session.query(sql::kDue, now, limits::kMaxDueAtOnce);
    while (rows.next()) all.push_back({rows.get<std::int64_t>(0), rows.get<QueueNumber>(1)});
  }
  Promoted promoted;
  for (const Due& due : all) {
    const Seq seq = extend(session, due.queue, 1, 0).last;
    session.run(sql::kPromote, key_of(due.queue, seq), due.place);
    session.run(sql::kDropDelayed, due.place);
    promoted.last[due.queue] = seq;
  }
  promoted.next_due = next_due(session);
  return promoted;
}

std::optional<Instant> next_due(Session& session) {
  return session.first<std::optional<Instant>>(sql::kNextDue).value_or(std::nullopt);
}

}  // namespace holdfast::embedded::bus::store
