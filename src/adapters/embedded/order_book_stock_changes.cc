#include <algorithm>

#include "adapters/embedded/order_book_jobs.h"
#include "adapters/embedded/order_book_movements.h"
#include "adapters/embedded/order_book_rows.h"
#include "adapters/embedded/order_book_sql.h"
#include "ports/order_book_rules.h"

namespace holdfast::embedded::book {
namespace {

StoredStockChange read_stored(sqlite::Rows& row) {
  StoredStockChange stored;
  stored.change = read_stock_change(row);
  stored.asked_delta = row.take<std::optional<std::int64_t>>();
  stored.asked_on_hand = row.take<std::optional<std::int64_t>>();
  return stored;
}

std::optional<StoredStockChange> find_change(Session& session, const ChangeId& change_id) {
  return read_first<StoredStockChange>(session.query(sql::kFindStockChange, change_id),
                                       read_stored);
}

StandingStock standing_of(Session& session, const BeginStockChange& request) {
  StandingStock standing;
  standing.stored = find_change(session, request.change_id);
  const auto stock = find_stock(session, request.sku);
  if (stock) standing.on_hand = stock->on_hand();
  if (!stock && request.create_if_missing) standing.on_hand = 0;
  standing.pending_taking =
      session.first<std::int64_t>(sql::kPendingTaking, request.sku).value_or(0);
  return standing;
}

/// The part of a change that takes effect now.
void load(Session& session, const StockChange& change, std::int64_t delta,
          const BookOptions& options) {
  if (delta == 0) return;
  StockMovement movement;
  movement.sku = change.sku;
  movement.delta = delta;
  movement.loaded = delta;
  movement.kind = change.kind;
  movement.at = change.at;
  StockMoves stock(session, options);
  stock.add(movement, Cause{std::nullopt, change.change_id.value}, change.at);
  stock.apply();
}

void insert(Session& session, const BeginStockChange& request, const StockChange& change) {
  const auto asked_delta = request.set_on_hand ? std::nullopt : std::optional(request.delta);
  const bool is_applied = change.state == StockChange::State::applied;
  session.run(sql::kInsertStockChange, change.change_id, to_string(change.kind), change.sku,
              asked_delta, request.set_on_hand, change.delta, change.reason,
              std::string_view(is_applied ? "applied" : "pending"), change.at);
}

}  // namespace

BeginStockChangeResult begin_stock_change(Session& session, const BeginStockChange& request,
                                          const BookOptions& options) {
  auto result = decide_stock_change(request, standing_of(session, request));
  if (result.outcome != BeginStockChangeOutcome::begun) return result;
  if (request.create_if_missing) session.run(sql::kCreateStock, request.sku);
  insert(session, request, result.change);
  load(session, result.change, std::max(result.change.delta, std::int64_t{0}), options);
  return result;
}

void finish_stock_change(Session& session, const ChangeId& change_id, bool applied,
                         const BookOptions& options) {
  const auto ended = session.run(sql::kFinishStockChange, change_id,
                                 std::string_view(applied ? "applied" : "refused"));
  if (ended == 0) return;
  const auto stored = find_change(session, change_id);
  const auto& change = stored.value().change;
  // A loss that was applied counts now; a gain that was refused is taken back.
  const auto delta =
      applied ? std::min(change.delta, std::int64_t{0}) : -std::max(change.delta, std::int64_t{0});
  load(session, change, delta, options);
}

std::vector<StockChange> pending_stock_changes(Session& session, Instant begun_before,
                                               std::size_t limit) {
  return read_all<StockChange>(session.query(sql::kPendingStockChanges, begun_before, limit),
                               read_stock_change);
}

std::optional<std::int64_t> begin_limit_change(Session& session, const Sku& sku,
                                               std::optional<std::int64_t> limit, Instant now) {
  return session.first<std::int64_t>(sql::kBeginLimitChange, sku, limit, now);
}

std::optional<std::int64_t> retry_limit_change(Session& session, const LimitAttempt& last,
                                               Instant now) {
  return session.first<std::int64_t>(sql::kRetryLimitChange, last.sku, last.version, now);
}

void finish_limit_change(Session& session, const LimitAttempt& attempt) {
  session.run(sql::kFinishLimitChange, attempt.sku, attempt.version);
}

std::vector<StockRow> pending_limit_changes(Session& session, Instant begun_before) {
  return read_all<StockRow>(session.query(sql::kPendingLimitChanges, begun_before), read_stock);
}

}  // namespace holdfast::embedded::book
