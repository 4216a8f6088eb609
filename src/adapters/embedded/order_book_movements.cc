#include "adapters/embedded/order_book_movements.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "adapters/embedded/order_book_sql.h"
#include "codec/cloud_event.h"
#include "codec/order_json.h"

namespace holdfast::embedded::book {
namespace {

/// The space of the ids of stock events (RFC 9562 section 5.5).
constexpr Uuid kStockEvents{{0x7d, 0x3b, 0x0c, 0x5e, 0x42, 0x19, 0x4f, 0x6a, 0x9c, 0x11, 0x58, 0xd0,
                             0x2e, 0xa7, 0x64, 0xf3}};

}  // namespace

void StockMoves::add(const StockMovement& movement, const Cause& cause, Instant at) {
  session_.run(sql::kJournalStock, movement.sku, at, to_string(movement.kind), cause,
               movement.delta, movement.loaded, movement.sold, movement.returned);
  auto& sum = per_sku_[movement.sku.value];
  sum.loaded += movement.loaded;
  sum.sold += movement.sold;
  sum.returned += movement.returned;
  sum.at = std::max(sum.at, movement.at);
  sum.journal = session_.last_insert_id();
}

void StockMoves::apply() {
  for (const auto& [sku, sum] : per_sku_) {
    const auto was = session_.first<std::int64_t>(sql::kOnHand, sku);
    if (!was) {
      throw sqlite::Failure{PortErrorKind::constraint,
                            "a movement names a SKU that the book has not"};
    }
    session_.run(sql::kMoveStock, sku, sum.loaded, sum.sold, sum.returned);
    const auto on_hand = *was + sum.loaded - sum.sold + sum.returned;
    if ((on_hand == 0) != (*was == 0)) tell(sku, on_hand, sum);
  }
  per_sku_.clear();
}

void StockMoves::tell(std::string_view sku, std::int64_t on_hand, const Sum& sum) {
  if (options_.event_source.empty()) return;
  codec::CloudEvent event;
  // A row of the journal makes a SKU run out, or come back, once.
  event.id = name_based_uuid(kStockEvents, std::to_string(sum.journal) + "/" + std::string(sku) +
                                               "/" + codec::to_rfc3339(sum.at));
  event.source = options_.event_source;
  event.type = on_hand == 0 ? "stock.sold_out" : "stock.restocked";
  event.subject = std::string(sku);
  event.at = sum.at;
  boost::json::object data{{"sku", event.subject}, {"on_hand", on_hand}};
  session_.run(sql::kInsertEvent, event.id, event.type, codec::to_json(event, std::move(data)),
               event.at);
}

void PointsMoves::add(const PointsMovement& movement, const Cause& cause) {
  entries_.push_back({&movement, cause});
  auto& account = accounts_[movement.user_id.value];
  (movement.delta < 0 ? account.may_take : account.given) += std::abs(movement.delta);
}

void PointsMoves::apply() {
  for (auto& [user_id, account] : accounts_) open(user_id, account);
  for (const auto& [movement, cause] : entries_) {
    auto& account = accounts_.at(movement->user_id.value);
    auto delta = movement->delta;
    if (delta < 0) {
      delta = -std::min(-delta, account.may_take);
      account.may_take += delta;
    }
    if (delta == 0) continue;
    account.seq += 1;
    account.balance += delta;
    session_.run(sql::kMovePoints, movement->user_id, account.seq, movement->at,
                 to_string(movement->kind), cause, delta, account.balance);
  }
  entries_.clear();
  accounts_.clear();
}

void PointsMoves::open(std::string_view user_id, Account& account) {
  auto rows = session_.query(sql::kFindPoints, user_id);
  if (rows.next()) {
    account.seq = rows.take<std::int64_t>();
    account.balance = rows.take<std::int64_t>();
  }
  if (!floor_zero_) return;
  account.may_take =
      std::min(account.may_take, std::max(account.balance + account.given, std::int64_t{0}));
}

}  // namespace holdfast::embedded::book
