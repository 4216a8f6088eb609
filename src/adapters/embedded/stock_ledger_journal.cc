#include <map>

#include "adapters/embedded/stock_ledger_jobs.h"
#include "adapters/embedded/stock_ledger_limits.h"
#include "adapters/embedded/stock_ledger_outbox_id.h"
#include "adapters/embedded/stock_ledger_sql.h"

// What becomes of a reservation: its journal entry and its outbox entry.

namespace holdfast::embedded::ledger {
namespace {

JournalEntry take_entry(sqlite::Rows& rows) {
  JournalEntry entry;
  entry.order_id = rows.take<OrderId>();
  entry.reservation_id = rows.take<ReservationId>();
  entry.fingerprint = rows.take<std::string>();
  entry.settled = rows.take<bool>();
  entry.payload = rows.take<std::string>();
  return entry;
}

std::int64_t required_outbox_id(const std::string& text) {
  const auto number = parse_outbox_id(text);
  if (!number) sqlite::reject("not an outbox id: " + text);
  return *number;
}

}  // namespace

std::optional<JournalEntry> find_journal(sqlite::Session& session, OrderId order_id, Instant now) {
  auto rows = session.query(sql::kFindJournal, order_id, now);
  if (!rows.next()) return std::nullopt;
  return take_entry(rows);
}

std::vector<JournalEntry> read_unsettled(sqlite::Session& session, Instant not_after,
                                         std::size_t limit) {
  std::vector<JournalEntry> entries;
  auto rows = session.query(sql::kReadUnsettled, not_after, limit);
  while (rows.next()) entries.push_back(take_entry(rows));
  return entries;
}

bool settle_reservation(sqlite::Session& session, OrderId order_id, ReservationId reservation_id,
                        Instant now, Milliseconds retention) {
  return session.run(sql::kSettleReservation, order_id, reservation_id, now + retention) > 0;
}

void settle(sqlite::Session& session, const std::vector<SettleMark>& marks, Instant now) {
  std::map<std::string_view, std::int64_t> units;
  std::int64_t settled = 0;
  for (const auto& mark : marks) {
    if (!settle_reservation(session, mark.order_id, mark.reservation_id, now, mark.retention)) {
      continue;
    }
    ++settled;
    for (const auto& line : mark.lines) units[line.sku.value] += line.quantity.units;
  }
  for (const auto& [sku, count] : units) session.run(sql::kLeaveReserved, sku, count);
  if (settled > 0) session.run(sql::kCountSettled, settled);
  forget_expired(session, now, limits::kExpiredPerCall + marks.size());
}

void forget_expired(sqlite::Session& session, Instant now, std::size_t count) {
  session.run(sql::kDeleteExpiredJournal, now, count);
  session.run(sql::kDeleteExpiredApplied, now, count);
}

std::vector<OutboxEntry> read_outbox(sqlite::Session& session, const std::string& after,
                                     Instant not_after, std::size_t limit) {
  const std::int64_t from = after.empty() ? -1 : required_outbox_id(after);
  std::vector<OutboxEntry> entries;
  auto rows = session.query(sql::kReadOutbox, from, last_outbox_id_at(not_after), limit);
  while (rows.next()) {
    auto id = outbox_id_text(rows.take<std::int64_t>());
    entries.push_back(OutboxEntry{std::move(id), rows.take<std::string>()});
  }
  return entries;
}

void delete_outbox(sqlite::Session& session, const std::vector<std::string>& outbox_ids) {
  std::int64_t deleted = 0;
  for (const auto& id : outbox_ids) {
    deleted += session.run(sql::kDeleteOutbox, required_outbox_id(id));
  }
  if (deleted > 0) session.run(sql::kCountDeleted, deleted);
}

}  // namespace holdfast::embedded::ledger
