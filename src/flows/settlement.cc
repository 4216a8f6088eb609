#include "flows/settlement.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "async/fault_point.h"
#include "domain/assert.h"
#include "domain/change_ids.h"
#include "domain/decide_settlement.h"
#include "domain/defects.h"
#include "domain/digest.h"
#include "flows/limits.h"
#include "flows/units.h"

namespace holdfast::flows {
namespace {

StockMovement movement_of(const Order& order, const OrderLine& line, std::int64_t delta,
                          MovementKind kind, Instant at) {
  StockMovement movement;
  movement.sku = line.sku;
  movement.delta = delta;
  movement.kind = kind;
  movement.cause_id = order.id.to_string();
  movement.at = at;
  return movement;
}

/// What takes the stock of an order that is in the queue already.
ReserveRequest request_anew(const codec::PlacedOrder& placed) {
  const auto& order = placed.order;
  ReserveRequest request;
  request.generation = placed.generation;
  request.order_id = order.id;
  request.reservation_id = order.reservation_id;
  request.fingerprint = order.fingerprint;
  request.user_id = order.user_id;
  request.lines = units_of(order.lines);
  request.payload = codec::to_payload(order, placed.generation);
  request.at = order.placed_at;
  request.append_to_outbox = false;
  return request;
}

SettleMark mark_of(const Order& order, Milliseconds retention) {
  return SettleMark{order.id, order.reservation_id, units_of(order.lines), retention};
}

}  // namespace

GiveBack release_of(const codec::PlacedOrder& placed, Milliseconds retention) {
  const auto& order = placed.order;
  GiveBack release;
  release.generation = placed.generation;
  release.change_id = reservation_change(order.reservation_id);
  release.user_id = order.user_id;
  release.to_available = units_of(order.lines);
  release.to_limit = release.to_available;
  release.reservation = GiveBack::Unsettled{order.id, order.reservation_id, retention};
  return release;
}

Settlement settlement_of(const codec::IncomingOrder& incoming, SettlementDecision decided,
                         Instant now) {
  Settlement settlement;
  settlement.generation = incoming.placed.generation;
  settlement.outbox_id = incoming.outbox_id;
  for (const auto& line : decided.order.lines) {
    auto movement =
        movement_of(decided.order, line, -line.quantity.units, MovementKind::order, now);
    movement.sold = line.quantity.units;
    settlement.stock.push_back(std::move(movement));
  }
  for (const auto& back : decided.returned) {
    StockMovement movement;
    movement.sku = back.sku;
    movement.delta = back.units;
    movement.returned = back.units;
    movement.kind = MovementKind::cancellation;
    movement.cause_id = decided.order.id.to_string();
    movement.at = now;
    settlement.stock.push_back(std::move(movement));
  }
  if (decided.points_delta != 0) {
    settlement.points.push_back(PointsMovement{decided.order.user_id, decided.points_delta,
                                               MovementKind::order, decided.order.id.to_string(),
                                               now});
  }
  settlement.order = std::move(decided.order);
  return settlement;
}

std::vector<Settlement> refusal_of(const codec::IncomingOrder& incoming, const Refusal& refusal,
                                   Instant now) {
  const auto& placed = incoming.placed;
  auto decided = decide_refusal(placed.order, refusal, now);
  std::vector<Settlement> batch(1);
  batch[0].generation = placed.generation;
  batch[0].outbox_id = incoming.outbox_id;
  for (const auto& line : decided.order.lines) {
    const auto units = (line.quantity - line.kept_off_sale).units;
    auto taken = movement_of(decided.order, line, -line.quantity.units, MovementKind::order, now);
    taken.sold = line.kept_off_sale.units;
    batch[0].stock.push_back(std::move(taken));
    if (units == 0) continue;
    batch[0].stock.push_back(
        movement_of(decided.order, line, units, MovementKind::cancellation, now));
  }
  batch[0].order = std::move(decided.order);
  return batch;
}

boost::asio::awaitable<void> SettlementFlow::run() {
  const BatchLimits limits{options_.messages_max, options_.linger};
  for (;;) {
    auto deliveries = co_await ports_.bus.receive(queues::orders, limits);
    if (deliveries.empty()) co_return;
    co_await handle(std::move(deliveries));
  }
}

boost::asio::awaitable<void> SettlementFlow::handle(std::vector<Delivery> deliveries) {
  if (HF_DEFECT(ack_before_commit)) {
    static_cast<void>(co_await ports_.bus.ack(queues::orders, tags_of(deliveries)));
  }
  Work work;
  work.generation = ports_.release.generation();
  auto items = decode(deliveries, work);
  while (!items.empty()) {
    // One transaction takes an order once: a second message of the same order waits for the next.
    std::vector<Item> batch;
    std::vector<Item> rest;
    std::unordered_set<OrderId> seen;
    for (auto& item : items) {
      const bool fits =
          batch.size() < options_.batch_max && seen.insert(item.incoming.placed.order.id).second;
      (fits ? batch : rest).push_back(std::move(item));
    }
    co_await settle_range(std::move(batch), work);
    items = std::move(rest);
  }
  co_await finish(std::move(deliveries), std::move(work));
}

std::vector<SettlementFlow::Item> SettlementFlow::decode(const std::vector<Delivery>& deliveries,
                                                         Work& work) {
  std::vector<Item> items;
  for (const auto& delivery : deliveries) {
    auto orders = codec::orders_from_message(delivery.body);
    if (!orders) {
      Parking parking;
      parking.queue = queues::orders;
      parking.reason = "undecodable";
      parking.subject = "orders:" + sha256_hex(delivery.body);
      parking.attempts = delivery.attempts + 1;
      parking.detail = "the message is not one of Holdfast's: " + orders.error().detail;
      work.follow_on.push_back(
          parked_message(ports_.ids, ports_.clock.now(), parking, delivery.body));
      continue;
    }
    for (auto& incoming : *orders) items.push_back(Item{std::move(incoming), delivery.attempts});
  }
  return items;
}

SettlementFlow::Prepared SettlementFlow::prepare(const std::vector<Item>& items) const {
  const auto now = ports_.clock.now();
  std::vector<Settlement> settlements;
  std::vector<std::vector<OutgoingMessage>> follow_on(items.size());
  settlements.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto decided = decide_settlement(items[i].incoming.placed.order, options_.policy, now);
    for (const auto& dispatch : decided.dispatches) {
      follow_on[i].push_back(ports_.writer.message_of(dispatch));
    }
    settlements.push_back(settlement_of(items[i].incoming, std::move(decided), now));
  }
  return {std::move(settlements), std::move(follow_on)};
}

boost::asio::awaitable<PortResult<SettleResult>> SettlementFlow::write(SettlementBatch batch) {
  for (;;) {
    auto result = co_await ports_.book.settle(batch);
    if (result || result.error().kind == PortErrorKind::constraint) co_return result;
    // PostgreSQL is away, or nobody knows whether it committed: writing again is idempotent.
    spdlog::warn("settlement waits for PostgreSQL: {}", result.error().detail);
    co_await ports_.clock.sleep(limits::kServerAwayPause);
  }
}

boost::asio::awaitable<void> SettlementFlow::settle_range(std::vector<Item> items, Work& work) {
  auto prepared = prepare(items);
  const auto result = co_await write(prepared.batch);
  if (result) {
    HF_FAULT_POINT("book_committed_before_ack");
    std::vector<Item> stale;
    take_reports(items, std::move(prepared), *result, stale, work);
    for (auto& item : stale) co_await settle_stale(std::move(item), work);
    co_return;
  }
  if (items.size() == 1) {
    co_await settle_refused(std::move(items.front()), true, work);
    co_return;
  }
  // Bisect: what is wrong with one order must not stop the others.
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(items.size() / 2);
  std::vector<Item> second(std::make_move_iterator(middle), std::make_move_iterator(items.end()));
  items.erase(middle, items.end());
  co_await settle_range(std::move(items), work);
  co_await settle_range(std::move(second), work);
}

void SettlementFlow::take_reports(const std::vector<Item>& items, Prepared prepared,
                                  const SettleResult& result, std::vector<Item>& stale,
                                  Work& work) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& placed = items[i].incoming.placed;
    const auto& report = result.reports[i];
    switch (report.outcome) {
      case SettleOutcome::settled:
        std::move(prepared.follow_on[i].begin(), prepared.follow_on[i].end(),
                  std::back_inserter(work.follow_on));
        take_settled(placed, prepared.batch.order(i), work);
        break;
      case SettleOutcome::already_settled: take_settled_before(placed, report, work); break;
      case SettleOutcome::other_reservation: take_other_reservation(placed, work); break;
      case SettleOutcome::stale_generation: stale.push_back(items[i]); break;
    }
  }
  for (const auto& refund : result.waiting) {
    work.waiting.push_back({refund.order_id, refund.refund_id});
  }
}

void SettlementFlow::take_settled(const codec::PlacedOrder& placed,
                                  std::shared_ptr<const Order> settled, Work& work) {
  ++settled_count_;
  if (settled->stock_released) {
    work.marks.push_back(mark_of(placed.order, options_.journal_retention));
  } else {
    work.cancelled.push_back(*settled);
  }
  work.settled.push_back(std::move(settled));
}

void SettlementFlow::take_settled_before(const codec::PlacedOrder& placed,
                                         const SettleReport& report, Work& work) const {
  // Whoever settled it may have died before others were told; its steps are the sweep's, and so is
  // the stock of a cancelled one, which the book knows to be on its way.
  work.untold.push_back(placed.order.id);
  if (report.standing != OrderStatus::cancelled) {
    work.marks.push_back(mark_of(placed.order, options_.journal_retention));
  }
}

void SettlementFlow::take_other_reservation(const codec::PlacedOrder& placed, Work& work) const {
  work.releases.push_back(release_of(placed, options_.journal_retention));
  // Or the same message once more, of an order that took its stock anew when it was settled:
  // whoever did that may have died before others were told.
  if (placed.generation != work.generation) work.untold.push_back(placed.order.id);
}

boost::asio::awaitable<void> SettlementFlow::tell_again(std::vector<OrderId> order_ids,
                                                        Work& work) {
  for (const auto& order_id : order_ids) {
    auto found = co_await ports_.book.find_order(order_id);
    while (!found) {
      spdlog::warn("settlement waits for PostgreSQL: {}", found.error().detail);
      co_await ports_.clock.sleep(limits::kServerAwayPause);
      found = co_await ports_.book.find_order(order_id);
    }
    if (*found) work.settled.push_back(std::make_shared<const Order>(std::move((*found)->order)));
  }
}

boost::asio::awaitable<void> SettlementFlow::settle_stale(Item item, Work& work) {
  // The ledger was rebuilt since this order was reserved: take its stock anew, under another
  // reservation. Should this be carried out late, after the order is settled and the journal has
  // forgotten it, it is known for a second reservation and given back.
  const auto generation = ports_.guard.generation();
  if (!generation) {
    retry_later(std::move(item), work);
    co_return;
  }
  Item anew = item;
  auto& placed = anew.incoming.placed;
  placed.generation = *generation;
  placed.order.reservation_id = ReservationId{ports_.ids.next()};
  anew.incoming.outbox_id.clear();
  auto request = request_anew(placed);
  if (HF_DEFECT(settle_stale_without_reserving)) request.generation = "never mind";
  const auto reserved = co_await ports_.ledger.reserve(std::move(request));
  auto outcome = reserved ? reserved->outcome : ReserveOutcome::closed;
  if (HF_DEFECT(settle_stale_without_reserving)) outcome = ReserveOutcome::reserved;
  switch (outcome) {
    case ReserveOutcome::closed:
      if (reserved) ports_.guard.doubt_closed();
      [[fallthrough]];
    case ReserveOutcome::busy:
      // As of the generation that it was: nobody knows that this one holds its units.
      retry_later(std::move(item), work);
      co_return;
    case ReserveOutcome::replayed:
    case ReserveOutcome::conflict:
      spdlog::warn("order {} was reserved again after the ledger was rebuilt",
                   placed.order.id.to_string());
      // Of the buyer's repeat, or of an attempt like this one whose answer was lost. What is
      // settled is in the book, and another content is on its way there.
      if (outcome == ReserveOutcome::conflict || reserved->journal->settled) co_return;
      placed.order.reservation_id = reserved->journal->reservation_id;
      [[fallthrough]];
    case ReserveOutcome::reserved: {
      std::vector<Item> one;
      one.push_back(std::move(anew));
      co_await settle_range(std::move(one), work);
      co_return;
    }
    case ReserveOutcome::outbox_full:
    case ReserveOutcome::unknown_sku:
    case ReserveOutcome::out_of_stock:
    case ReserveOutcome::limit_exceeded:
      // Sold out since.
      co_await settle_refused(std::move(anew), false, work);
      co_return;
  }
  HF_UNREACHABLE("ReserveOutcome");
}

boost::asio::awaitable<void> SettlementFlow::settle_refused(Item item, bool holds_stock,
                                                            Work& work) {
  const auto& placed = item.incoming.placed;
  const Refusal refusal{CancelReason::stock_mismatch, nullptr, holds_stock};
  const SettlementBatch batch(refusal_of(item.incoming, refusal, ports_.clock.now()));
  const auto result = co_await write(batch);
  if (!result) {
    try_again_or_park(std::move(item), result.error().detail, work);
    co_return;
  }
  const auto& report = result->reports.front();
  switch (report.outcome) {
    case SettleOutcome::settled:
      ++mismatch_count_;
      spdlog::error(
          "order {} was cancelled for stock_mismatch: the book has not the units that "
          "Redis sold; look at `holdfast reconcile`",
          placed.order.id.to_string());
      work.settled.push_back(batch.order(0));
      if (holds_stock) work.cancelled.push_back(batch->front().order);
      break;
    case SettleOutcome::already_settled: take_settled_before(placed, report, work); break;
    case SettleOutcome::other_reservation:
      if (holds_stock) take_other_reservation(placed, work);
      break;
    case SettleOutcome::stale_generation: retry_later(std::move(item), work); co_return;
  }
  for (const auto& refund : result->waiting) {
    work.waiting.push_back({refund.order_id, refund.refund_id});
  }
}

bool SettlementFlow::is_first_postponed(const codec::PlacedOrder& placed, Work& work) {
  return work.postponed.emplace(placed.order.id, placed.order.reservation_id).second;
}

void SettlementFlow::retry_later(Item item, Work& work) {
  if (!is_first_postponed(item.incoming.placed, work)) return;
  work.again.push_back(order_again(ports_.ids, item.incoming.placed, item.attempts));
}

void SettlementFlow::try_again_or_park(Item item, std::string detail, Work& work) {
  const auto& placed = item.incoming.placed;
  if (!is_first_postponed(placed, work)) return;
  const auto attempts = item.attempts + 1;
  if (attempts < options_.attempts) {
    const auto delay = backoff(attempts, options_.retry_first, options_.retry_max);
    work.follow_on.push_back(order_again(ports_.ids, placed, attempts, delay));
    return;
  }
  Parking parking;
  parking.queue = queues::orders;
  parking.reason = "attempts_exhausted";
  parking.subject = "orders:" + placed.order.id.to_string();
  parking.order_id = placed.order.id;
  parking.attempts = attempts;
  parking.detail = std::move(detail);
  auto again = order_again(ports_.ids, placed, 0);
  work.follow_on.push_back(
      parked_message(ports_.ids, ports_.clock.now(), parking, std::move(again.body)));
}

boost::asio::awaitable<void> SettlementFlow::finish(std::vector<Delivery> deliveries, Work work) {
  co_await tell_again(std::exchange(work.untold, {}), work);
  if (!work.again.empty()) {
    // The pause is made here: an order that the ledger has lost and the book not got would hang on
    // a message that waits in RabbitMQ, should that be lost.
    co_await ports_.clock.sleep(limits::kRetryLater);
    std::move(work.again.begin(), work.again.end(), std::back_inserter(work.follow_on));
  }
  auto wakes = refund_wakes(ports_.ids, work.waiting);
  std::move(wakes.begin(), wakes.end(), std::back_inserter(work.follow_on));
  co_await publish_until_confirmed(ports_.bus, ports_.clock, std::move(work.follow_on));
  co_await ports_.teller.tell(std::move(work.settled));
  const auto acked = co_await ports_.bus.ack(queues::orders, tags_of(deliveries));
  if (!acked) spdlog::warn("ack of settled orders failed: {}", acked.error().detail);
  // From here on a crash leaves reservations unmarked; the sweep sends them again.
  if (!work.marks.empty() && !HF_DEFECT(forget_settle_marks)) {
    const auto marked = co_await ports_.ledger.settle(std::move(work.marks));
    if (!marked) spdlog::warn("settle marks wait for the sweep: {}", marked.error().detail);
  }
  if (HF_DEFECT(forget_second_reservation)) work.releases.clear();
  for (auto& release : work.releases) {
    const auto released = co_await ports_.ledger.give_back(std::move(release));
    if (!released) spdlog::warn("a release waits for the sweep: {}", released.error().detail);
  }
  if (!work.cancelled.empty()) {
    co_await ports_.release.release(std::move(work.cancelled), std::move(work.generation));
  }
}

}  // namespace holdfast::flows
