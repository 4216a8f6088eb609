#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "adapters/embedded/order_book_jobs.h"
#include "adapters/embedded/order_book_movements.h"
#include "adapters/embedded/order_book_rows.h"
#include "adapters/embedded/order_book_sql.h"
#include "domain/assert.h"
#include "domain/defects.h"

namespace holdfast::embedded::book {
namespace {

using Batch = std::vector<Settlement>;

/// Why an order was not inserted: it is there, or belongs to a generation that is over.
SettleReport report_standing(Session& session, const Order& order) {
  SettleReport report;
  report.order_id = order.id;
  auto rows = session.query(sql::kReservationOf, order.id);
  if (!rows.next()) {
    report.outcome = SettleOutcome::stale_generation;
    return report;
  }
  const bool same = rows.take<ReservationId>() == order.reservation_id;
  report.outcome = same ? SettleOutcome::already_settled : SettleOutcome::other_reservation;
  report.standing = read_order_status(rows);
  return report;
}

void add_movements(const Settlement& settlement, StockMoves& stock, PointsMoves& points) {
  const auto& order = settlement.order;
  const Cause cause{order.id.value, {}};
  for (const auto& movement : settlement.stock) {
    HF_ASSERT(movement.loaded == 0);  // orders sell and return; only the shop loads
    const bool sells = movement.kind == MovementKind::order;
    stock.add(movement, cause, sells ? order.placed_at : movement.at);
  }
  for (const auto& movement : settlement.points) points.add(movement, cause);
}

/// Remembers the highest outbox id that this generation's settlements have seen.
void raise_high_water(Session& session, const Batch& batch, const std::string& generation) {
  std::string_view highest;
  for (const auto& settlement : batch) {
    const bool counts = settlement.generation == generation && !settlement.outbox_id.empty();
    if (counts && outbox_id_less(highest, settlement.outbox_id)) highest = settlement.outbox_id;
  }
  const auto dash = highest.find('-');
  if (dash == std::string_view::npos) return;
  std::int64_t ms = 0;
  std::int64_t seq = 0;
  std::from_chars(highest.data(), highest.data() + dash, ms);
  std::from_chars(highest.data() + dash + 1, highest.data() + highest.size(), seq);
  session.run(sql::kRaiseHighWater, ms, seq);
}

std::vector<WaitingRefund> waiting_refunds(Session& session, const Batch& batch) {
  std::vector<WaitingRefund> waiting;
  // Nearly always there is none at all.
  if (!session.first<bool>(sql::kAnyWaitingRefund)) return waiting;
  std::unordered_set<OrderId> seen;
  for (const auto& settlement : batch) {
    const auto& order_id = settlement.order.id;
    if (!seen.insert(order_id).second) continue;
    auto rows = session.query(sql::kWaitingRefunds, order_id);
    while (rows.next()) waiting.push_back({order_id, rows.take<RefundId>()});
  }
  return waiting;
}

}  // namespace

SettleResult settle(Session& session, const Batch& batch, const BookOptions& options) {
  SettleResult result;
  const auto generation = session.first<std::string>(sql::kGeneration);
  StockMoves stock(session, options);
  PointsMoves points(session, false);
  result.reports.reserve(batch.size());
  for (const auto& settlement : batch) {
    const auto& order = settlement.order;
    const bool is_current =
        generation == settlement.generation || HF_DEFECT(ignore_stale_generation);
    if (is_current && insert_order(session, order)) {
      add_movements(settlement, stock, points);
      result.reports.push_back({order.id, SettleOutcome::settled, OrderStatus::accepted});
    } else {
      result.reports.push_back(report_standing(session, order));
    }
  }
  stock.apply();
  points.apply();
  if (generation) raise_high_water(session, batch, *generation);
  result.waiting = waiting_refunds(session, batch);
  return result;
}

}  // namespace holdfast::embedded::book
