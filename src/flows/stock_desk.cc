#include "flows/stock_desk.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "codec/order_json.h"
#include "domain/assert.h"
#include "domain/change_ids.h"
#include "domain/defects.h"
#include "flows/journaled_order.h"
#include "flows/limits.h"

namespace holdfast::flows {
namespace {

StockDeskAnswer answer_of(StockDeskOutcome outcome) {
  StockDeskAnswer answer;
  answer.outcome = outcome;
  return answer;
}

/// The ledger cannot take it now.
tl::unexpected<Failure> rebuilding(std::string detail) {
  Failure failure;
  failure.kind = FailureKind::rebuilding;
  failure.dependency = "redis";
  failure.detail = std::move(detail);
  return tl::unexpected<Failure>(std::move(failure));
}

tl::unexpected<Failure> ledger_closed() {
  return rebuilding("the ledger is being rebuilt; what was recorded is applied when it is done");
}

tl::unexpected<Failure> overtaken() {
  return rebuilding("another change of this purchase limit has begun meanwhile");
}

/// What an unsettled reservation takes of one SKU.
struct OpenReservation {
  OrderId order_id;
  ReservationId reservation_id;
  UserId user_id;
  std::int64_t units = 0;
};

OpenReservation open_reservation(const JournalEntry& entry, const Sku& sku) {
  OpenReservation reservation;
  reservation.order_id = entry.order_id;
  reservation.reservation_id = entry.reservation_id;
  const auto placed = codec::placed_order_from_payload(entry.payload);
  if (!placed) return reservation;
  reservation.user_id = placed->order.user_id;
  for (const auto& line : placed->order.lines) {
    if (line.sku == sku) reservation.units += line.quantity.units;
  }
  return reservation;
}

}  // namespace

boost::asio::awaitable<Outcome<StockDeskAnswer>> StockDesk::set(SetStock command) {
  if (!ports_.ledger.connected()) co_return ledger_away();
  BeginStockChange request;
  request.change_id = ChangeId{"set-" + ports_.ids.next().to_string()};
  request.sku = command.sku;
  request.set_on_hand = command.on_hand;
  request.create_if_missing = true;
  request.at = ports_.clock.now();
  auto generation = ports_.guard.known_generation();
  const auto begun = co_await ports_.book.begin_stock_change(std::move(request));
  if (!begun) co_return unavailable_book(begun.error());
  if (begun->outcome == BeginStockChangeOutcome::out_of_bounds) {
    co_return answer_of(StockDeskOutcome::out_of_bounds);
  }
  const auto applied = co_await apply(begun->change, std::move(generation));
  if (!applied) co_return tl::unexpected(applied.error());
  if (!*applied) co_return answer_of(StockDeskOutcome::stock_below_reserved);
  if (command.purchase_limit) {
    const auto limited = co_await change_limit(command.sku, *command.purchase_limit);
    if (!limited) co_return tl::unexpected(limited.error());
  }
  co_return co_await answer_with_stock(StockDeskOutcome::done, command.sku);
}

boost::asio::awaitable<Outcome<StockDeskAnswer>> StockDesk::adjust(AdjustStock command) {
  if (!ports_.ledger.connected()) co_return ledger_away();
  BeginStockChange request;
  request.change_id = ChangeId{command.adjustment_id};
  request.sku = command.sku;
  request.delta = command.delta;
  request.reason = std::move(command.reason);
  request.at = ports_.clock.now();
  auto generation = ports_.guard.known_generation();
  const auto begun = co_await ports_.book.begin_stock_change(std::move(request));
  if (!begun) co_return unavailable_book(begun.error());
  auto outcome = StockDeskOutcome::done;
  switch (begun->outcome) {
    case BeginStockChangeOutcome::unknown_sku: co_return answer_of(StockDeskOutcome::unknown_sku);
    case BeginStockChangeOutcome::conflict:
      co_return answer_of(StockDeskOutcome::adjustment_id_conflict);
    case BeginStockChangeOutcome::out_of_bounds:
      co_return answer_of(StockDeskOutcome::out_of_bounds);
    case BeginStockChangeOutcome::existed: outcome = StockDeskOutcome::replayed; break;
    case BeginStockChangeOutcome::begun: break;
  }
  const auto applied = co_await apply(begun->change, std::move(generation));
  if (!applied) co_return tl::unexpected(applied.error());
  if (!*applied) co_return answer_of(StockDeskOutcome::stock_below_reserved);
  co_return co_await answer_with_stock(outcome, command.sku);
}

boost::asio::awaitable<Outcome<bool>> StockDesk::apply(StockChange change, std::string generation) {
  // A SKU set to what the book has already, as a new one to 0, is made known to the ledger too.
  const bool nothing_to_finish = change.state == StockChange::State::applied;
  if (nothing_to_finish && change.delta != 0) co_return true;
  if (change.state == StockChange::State::refused) co_return false;
  Adjustment adjustment;
  adjustment.generation = std::move(generation);
  adjustment.change_id = adjustment_change(change.change_id.value);
  adjustment.sku = change.sku;
  adjustment.delta = change.delta;
  if (HF_DEFECT(finish_before_adjusting) && !nothing_to_finish) {
    static_cast<void>(co_await ports_.book.finish_stock_change(change.change_id, true));
  }
  const auto outcome = co_await ports_.ledger.adjust(std::move(adjustment));
  // Whatever fails from here on, the row is pending and the sweep goes on with it.
  if (!outcome) co_return unavailable_ledger(outcome.error());
  bool applied = false;
  switch (*outcome) {
    case ChangeOutcome::closed:
    case ChangeOutcome::busy: co_return ledger_closed();
    case ChangeOutcome::refused: break;
    case ChangeOutcome::already_applied:
    case ChangeOutcome::applied: applied = true; break;
  }
  if (nothing_to_finish) co_return applied;
  const auto finished = co_await ports_.book.finish_stock_change(change.change_id, applied);
  if (!finished) co_return unavailable_book(finished.error());
  co_return applied;
}

boost::asio::awaitable<Outcome<bool>> StockDesk::change_limit(Sku sku,
                                                              std::optional<std::int64_t> limit) {
  const auto row = co_await ports_.book.find_stock(sku);
  if (!row) co_return unavailable_book(row.error());
  if (*row && (*row)->purchase_limit == limit) co_return true;
  const auto begun = co_await ports_.book.begin_limit_change(sku, limit);
  if (!begun) co_return unavailable_book(begun.error());
  HF_ASSERT(begun->has_value());  // no SKU is ever removed
  LimitAttempt attempt{std::move(sku), **begun};
  co_return co_await apply_limit(std::move(attempt), limit);
}

boost::asio::awaitable<Outcome<bool>> StockDesk::apply_limit(LimitAttempt attempt,
                                                             std::optional<std::int64_t> limit) {
  const auto busy = co_await ports_.ledger.begin_limit_change(attempt);
  if (!busy) co_return unavailable_ledger(busy.error());
  if (*busy == ChangeOutcome::closed) co_return ledger_closed();
  if (*busy == ChangeOutcome::refused) co_return overtaken();
  // From here to `set_limit` the SKU sells nothing and takes nothing back: what is counted below
  // cannot move. A crash in between leaves it so until the sweep makes another attempt.
  if (*busy == ChangeOutcome::applied) {
    std::vector<UnitsBought> bought;
    if (limit) {
      auto counted = co_await count_bought(attempt.sku);
      if (!counted) co_return tl::unexpected(counted.error());
      bought = std::move(*counted);
    }
    const auto set = co_await ports_.ledger.set_limit(attempt, limit, std::move(bought));
    if (!set) co_return unavailable_ledger(set.error());
    if (*set == ChangeOutcome::closed) co_return ledger_closed();
    if (*set == ChangeOutcome::refused) co_return overtaken();
  }
  const auto finished = co_await ports_.book.finish_limit_change(std::move(attempt));
  if (!finished) co_return unavailable_book(finished.error());
  co_return true;
}

boost::asio::awaitable<Outcome<StockDesk::Unsettled>> StockDesk::count_unsettled(
    Sku sku, Instant not_after) {
  const auto open = co_await ports_.ledger.read_unsettled(not_after, limits::kUnsettledForLimit);
  if (!open) co_return unavailable_ledger(open.error());
  std::vector<OpenReservation> reservations;
  std::vector<OrderId> order_ids;
  for (const auto& entry : *open) {
    auto reservation = open_reservation(entry, sku);
    if (reservation.units == 0) continue;
    order_ids.push_back(entry.order_id);
    reservations.push_back(std::move(reservation));
  }
  const auto known = co_await ports_.book.known_orders(std::move(order_ids));
  if (!known) co_return unavailable_book(known.error());
  const std::unordered_set<OrderId> in_book(known->begin(), known->end());
  Unsettled unsettled;
  for (const auto& reservation : reservations) {
    if (!in_book.contains(reservation.order_id)) {
      unsettled.order_ids.push_back(reservation.order_id);
    } else {
      // It only waits for its mark, and of it the book knows more: its refunds. Or it is a second
      // reservation of its order, whose units will come back.
      const auto standing = co_await ports_.book.find_order(reservation.order_id);
      if (!standing) co_return unavailable_book(standing.error());
      const bool is_settled =
          *standing && (*standing)->order.reservation_id == reservation.reservation_id;
      if (is_settled) continue;
    }
    unsettled.units[reservation.user_id] += reservation.units;
  }
  co_return unsettled;
}

boost::asio::awaitable<Outcome<std::vector<UnitsBought>>> StockDesk::count_bought(Sku sku) {
  // Whatever clocks they were placed by.
  const auto whenever = ports_.clock.now() + limits::kAnyClock;
  auto unsettled = co_await count_unsettled(sku, whenever);
  if (!unsettled) co_return tl::unexpected(unsettled.error());
  auto except = std::move(unsettled->order_ids);
  auto units = std::move(unsettled->units);
  // A refund in the book whose units the ledger has not got back will be subtracted when it has.
  // Which ones it has cannot change while the SKU is busy; the book tells of the others, those that
  // are written meanwhile too.
  const auto unreleased =
      co_await ports_.book.unreleased_refunds(whenever, limits::kUnsettledForLimit);
  if (!unreleased) co_return unavailable_book(unreleased.error());
  std::vector<ChangeId> changes;
  for (const auto& item : *unreleased) changes.push_back(refund_change(item.refund.id));
  const auto applied = co_await ports_.ledger.find_applied(std::move(changes));
  if (!applied) co_return unavailable_ledger(applied.error());
  std::vector<RefundId> given_back;
  for (const auto& item : *unreleased) {
    const bool done = std::find(applied->begin(), applied->end(), refund_change(item.refund.id)) !=
                      applied->end();
    if (done) given_back.push_back(item.refund.id);
  }
  // A cancelled order whose units the ledger has, though the book does not know it yet.
  const auto cancelled =
      co_await ports_.book.unreleased_orders(whenever, limits::kUnsettledForLimit);
  if (!cancelled) co_return unavailable_book(cancelled.error());
  std::vector<ChangeId> releases;
  for (const auto& order : *cancelled) {
    releases.push_back(reservation_change(order.reservation_id));
  }
  const auto released = co_await ports_.ledger.find_applied(std::move(releases));
  if (!released) co_return unavailable_ledger(released.error());
  for (const auto& order : *cancelled) {
    const bool has_it = std::find(released->begin(), released->end(),
                                  reservation_change(order.reservation_id)) != released->end();
    if (has_it) except.push_back(order.id);
  }
  const auto settled =
      co_await ports_.book.units_bought(sku, std::move(except), std::move(given_back));
  if (!settled) co_return unavailable_book(settled.error());
  for (const auto& bought : *settled) units[bought.user_id] += bought.units.units;
  std::vector<UnitsBought> counted;
  for (const auto& [user_id, count] : units) {
    if (count > 0) counted.push_back(UnitsBought{user_id, Quantity{count}});
  }
  co_return counted;
}

boost::asio::awaitable<Outcome<StockDeskAnswer>> StockDesk::answer_with_stock(
    StockDeskOutcome outcome, Sku sku) {
  auto stock = co_await queries_.stock(std::move(sku));
  if (!stock) co_return tl::unexpected(stock.error());
  auto answer = answer_of(outcome);
  answer.stock = std::move(*stock);
  co_return answer;
}

tl::unexpected<Failure> StockDesk::ledger_away() const {
  Failure failure;
  failure.dependency = "redis";
  failure.detail = "not connected; nothing was changed";
  return tl::unexpected<Failure>(std::move(failure));
}

boost::asio::awaitable<Outcome<std::size_t>> StockDesk::finish_pending(Instant begun_before) {
  if (HF_DEFECT(forget_pending_changes)) co_return std::size_t{0};
  const auto generation = ports_.guard.known_generation();
  const auto pending =
      co_await ports_.book.pending_stock_changes(begun_before, limits::kSweepBatch);
  if (!pending) co_return unavailable_book(pending.error());
  std::size_t finished = 0;
  for (const auto& change : *pending) {
    const auto applied = co_await apply(change, generation);
    if (!applied) co_return tl::unexpected(applied.error());
    ++finished;
  }
  const auto limits_open =
      co_await ports_.book.pending_limit_changes(ports_.clock.now() - limits::kLimitLease);
  if (!limits_open) co_return unavailable_book(limits_open.error());
  for (const auto& row : *limits_open) {
    LimitAttempt attempt{row.sku, row.limit_version};
    const auto version = co_await ports_.book.retry_limit_change(attempt);
    if (!version) co_return unavailable_book(version.error());
    if (!*version) continue;  // somebody else goes on with it
    attempt.version = **version;
    const auto applied = co_await apply_limit(std::move(attempt), row.purchase_limit);
    if (!applied) co_return tl::unexpected(applied.error());
    ++finished;
  }
  co_return finished;
}

}  // namespace holdfast::flows
