#include <algorithm>
#include <map>

#include "adapters/embedded/order_book_jobs.h"
#include "adapters/embedded/order_book_page.h"
#include "adapters/embedded/order_book_rows.h"
#include "adapters/embedded/order_book_sql.h"

namespace holdfast::embedded::book {
namespace {

using sqlite::Rows;
using UnitsPerUser = std::map<UserId, std::int64_t>;

JournalRow read_journal_row(Rows& row) {
  JournalRow entry;
  entry.id = row.take<std::int64_t>();
  entry.movement.sku = row.take<Sku>();
  entry.movement.delta = row.take<std::int64_t>();
  entry.movement.loaded = row.take<std::int64_t>();
  entry.movement.sold = row.take<std::int64_t>();
  entry.movement.returned = row.take<std::int64_t>();
  entry.movement.kind = read_movement_kind(row);
  entry.movement.cause_id = read_cause(row);
  entry.movement.at = row.take<Instant>();
  return entry;
}

PointsMovement read_points_movement(Rows& row) {
  PointsMovement movement;
  movement.user_id = row.take<UserId>();
  movement.delta = row.take<std::int64_t>();
  movement.kind = read_movement_kind(row);
  movement.cause_id = read_cause(row);
  movement.at = row.take<Instant>();
  return movement;
}

/// Adds up the lines of `sku` of the orders that `counts` says count.
template <class Counts>
UnitsPerUser add_orders(Session& session, const Sku& sku, Counts counts) {
  UnitsPerUser units;
  auto rows = session.query(sql::kOrdersOfSku, sku);
  while (rows.next()) {
    const auto order_id = rows.take<OrderId>();
    const auto user_id = rows.take<UserId>();
    const auto lines = read_lines(rows);
    const auto status = read_order_status(rows);
    if (!counts(order_id, status)) continue;
    for (const auto& line : lines) {
      if (line.sku != sku) continue;
      // A cancelled order's units come back all at once, whatever its lines say was refunded.
      const auto back = status == OrderStatus::cancelled ? Quantity{} : line.refunded;
      units[user_id] += (line.quantity - back).units;
    }
  }
  return units;
}

std::vector<UnitsBought> listed(const UnitsPerUser& units) {
  std::vector<UnitsBought> bought;
  for (const auto& [user_id, count] : units) {
    if (count > 0) bought.push_back({user_id, Quantity{count}});
  }
  return bought;
}

}  // namespace

std::optional<StockRow> find_stock(Session& session, const Sku& sku) {
  return read_first<StockRow>(session.query(sql::kFindStock, sku), read_stock);
}

Page<StockRow> list_stock(Session& session, const PageRequest& page) {
  std::string after;
  if (page.cursor) after = well_formed(codec::decode_cursor(*page.cursor, kStockList)).key;
  auto rows =
      read_all<StockRow>(session.query(sql::kListStock, after, read_limit(page)), read_stock);
  return page_of(std::move(rows), page, [](const StockRow& row) {
    return codec::encode_cursor({kStockList, Instant{}, row.sku.value});
  });
}

std::vector<StockRow> all_stock(Session& session) {
  return read_all<StockRow>(session.query(sql::kAllStock), read_stock);
}

Page<JournalRow> list_stock_journal(Session& session, const Sku& sku, const PageRequest& page) {
  Instant at = Instant::max();
  std::int64_t id = 0;
  if (page.cursor) {
    const auto cursor = well_formed(codec::decode_cursor(*page.cursor, kJournalList));
    at = cursor.at;
    id = well_formed(codec::integer_key(cursor));
  }
  auto rows = read_all<JournalRow>(
      session.query(sql::kListStockJournal, sku, at, id, read_limit(page)), read_journal_row);
  return page_of(std::move(rows), page, [](const JournalRow& row) {
    return codec::encode_cursor({kJournalList, row.movement.at, std::to_string(row.id)});
  });
}

std::vector<UnitsBought> units_bought(Session& session, const Sku& sku,
                                      const std::vector<OrderId>& except,
                                      const std::vector<RefundId>& given_back) {
  const auto is_left_out = [&except](const OrderId& order_id) {
    return std::find(except.begin(), except.end(), order_id) != except.end();
  };
  auto units = add_orders(
      session, sku, [&](const OrderId& order_id, OrderStatus) { return !is_left_out(order_id); });
  auto rows = session.query(sql::kUnreleasedUnits);
  while (rows.next()) {
    const auto refund_id = rows.take<RefundId>();
    const bool is_back =
        std::find(given_back.begin(), given_back.end(), refund_id) != given_back.end();
    if (is_left_out(rows.take<OrderId>()) || is_back) continue;
    const auto user_id = rows.take<UserId>();
    for (const auto& line : read_refund_lines(rows)) {
      if (line.sku == sku) units[user_id] += line.quantity.units;
    }
  }
  return listed(units);
}

std::vector<UnitsBought> units_standing(Session& session, const Sku& sku) {
  return listed(add_orders(session, sku, [](const OrderId&, OrderStatus status) {
    return status != OrderStatus::cancelled;
  }));
}

PointsRow find_points(Session& session, const UserId& user_id, std::size_t movements) {
  PointsRow points;
  points.user_id = user_id;
  const auto balance = [](Rows& row) { return row.get<std::int64_t>(1); };
  points.balance =
      read_first<std::int64_t>(session.query(sql::kFindPoints, user_id), balance).value_or(0);
  points.movements = read_all<PointsMovement>(session.query(sql::kListPoints, user_id, movements),
                                              read_points_movement);
  return points;
}

}  // namespace holdfast::embedded::book
