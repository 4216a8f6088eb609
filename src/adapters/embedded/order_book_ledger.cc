#include "adapters/embedded/order_book_jobs.h"
#include "adapters/embedded/order_book_rows.h"
#include "adapters/embedded/order_book_sql.h"
#include "codec/stored_json.h"
#include "domain/change_ids.h"

namespace holdfast::embedded::book {
namespace {

using sqlite::Rows;

LedgerRecord read_record(Rows& row) {
  LedgerRecord record;
  record.generation = row.take<std::string>();
  const auto ms = row.take<std::optional<std::int64_t>>();
  const auto seq = row.take<std::optional<std::int64_t>>();
  if (ms && seq) record.high_water = std::to_string(*ms) + "-" + std::to_string(*seq);
  return record;
}

JournalEntry read_recent(Rows& row) {
  JournalEntry entry;
  entry.order_id = row.take<OrderId>();
  entry.reservation_id = row.take<ReservationId>();
  entry.fingerprint = read_fingerprint(row);
  entry.settled = true;
  return entry;
}

/// What the snapshot's stock counts as back on sale.
void read_given_back(Session& session, BookSnapshot& snapshot) {
  auto refunds = session.query(sql::kUncountedRefunds);
  while (refunds.next()) snapshot.counted.push_back(refund_change(refunds.take<RefundId>()));
  auto orders = session.query(sql::kUncountedOrders);
  while (orders.next()) {
    snapshot.counted.push_back(reservation_change(orders.take<ReservationId>()));
  }
}

void read_changes(Session& session, BookSnapshot& snapshot) {
  auto rows = session.query(sql::kUnfinishedChanges);
  while (rows.next()) {
    auto id = adjustment_change(rows.take<std::string>());
    auto& list = rows.take<std::int64_t>() > 0 ? snapshot.counted : snapshot.not_counted;
    list.push_back(std::move(id));
  }
}

BookBacklog read_backlog(Rows& row) {
  BookBacklog backlog;
  backlog.waiting = row.take<std::int64_t>();
  backlog.reversing = row.take<std::int64_t>();
  backlog.needs_attention = row.take<std::int64_t>();
  backlog.unreleased = row.take<std::int64_t>();
  backlog.processing = row.take<std::int64_t>();
  backlog.cancelling = row.take<std::int64_t>();
  backlog.overdue_holds = row.take<std::int64_t>();
  backlog.unpublished_events = row.take<std::int64_t>();
  backlog.pending_changes = row.take<std::int64_t>();
  backlog.parked = row.take<std::int64_t>();
  backlog.oldest_hold_at = row.take<std::optional<Instant>>();
  return backlog;
}

}  // namespace

void store_plans(Session& session, const std::vector<Plan>& plans) {
  for (const auto& plan : plans) {
    session.run(sql::kStorePlan, plan.name, plan.version, codec::stored_json(plan.steps));
  }
}

std::vector<Plan> stored_plans(Session& session) {
  return read_all<Plan>(session.query(sql::kStoredPlans), read_plan);
}

std::optional<LedgerRecord> ledger_record(Session& session) {
  return read_first<LedgerRecord>(session.query(sql::kLedgerRecord), read_record);
}

BookSnapshot begin_generation(Session& session, const std::string& generation, Instant recent_since,
                              std::size_t recent_limit) {
  session.run(sql::kBeginGeneration, generation);
  BookSnapshot snapshot;
  for (auto& stock : all_stock(session)) {
    BookSnapshot::SkuSnapshot sku;
    if (stock.purchase_limit) sku.bought = units_standing(session, stock.sku);
    sku.stock = std::move(stock);
    snapshot.skus.push_back(std::move(sku));
  }
  read_given_back(session, snapshot);
  read_changes(session, snapshot);
  snapshot.recent = read_all<JournalEntry>(
      session.query(sql::kRecentOrders, recent_since, recent_limit), read_recent);
  return snapshot;
}

BookBacklog backlog(Session& session) {
  return read_first<BookBacklog>(session.query(sql::kBacklog), read_backlog).value();
}

}  // namespace holdfast::embedded::book
