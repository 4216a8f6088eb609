#include "flows/refund_worker.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "async/fault_point.h"
#include "async/gather.h"
#include "domain/change_ids.h"
#include "domain/digest.h"
#include "domain/transitions.h"
#include "flows/journaled_order.h"
#include "flows/limits.h"

namespace holdfast::flows {
namespace {

GiveBack give_back_of(const OrderBook::Unreleased& unreleased) {
  const auto& refund = unreleased.refund;
  GiveBack change;
  change.change_id = refund_change(refund.id);
  change.user_id = unreleased.user_id;
  for (const auto& line : refund.lines) {
    if (line.restock) change.to_available.push_back(StockUnits{line.sku, line.quantity});
    change.to_limit.push_back(StockUnits{line.sku, line.quantity});
  }
  return change;
}

const Refund* find(const std::vector<Refund>& refunds, const RefundId& id) {
  const auto found = std::find_if(refunds.begin(), refunds.end(),
                                  [&](const Refund& refund) { return refund.id == id; });
  return found == refunds.end() ? nullptr : &*found;
}

}  // namespace

boost::asio::awaitable<void> RefundWorker::run() {
  const BatchLimits limits{limits::kRefundBatch, Milliseconds{0}};
  for (;;) {
    auto deliveries = co_await ports_.bus.receive(queues::refunds, limits);
    if (deliveries.empty()) co_return;
    co_await handle(std::move(deliveries));
  }
}

boost::asio::awaitable<void> RefundWorker::handle(std::vector<Delivery> deliveries) {
  Work work;
  auto wakes = decode(deliveries, work);
  if (!wakes.empty()) co_await handle_range(std::move(wakes), false, work);
  co_await publish_until_confirmed(ports_.bus, ports_.clock, std::move(work.follow_on));
  refunded_count_ += work.released.size();
  // Here the process may die: the reversal stands, the sweep brings its stock to the ledger.
  if (!work.released.empty()) HF_FAULT_POINT("reversal_committed_before_release");
  co_await release(std::move(work.released));
  const auto acked = co_await ports_.bus.ack(queues::refunds, tags_of(deliveries));
  if (!acked) spdlog::warn("ack of refunds failed: {}", acked.error().detail);
}

std::vector<RefundWorker::Wake> RefundWorker::decode(const std::vector<Delivery>& deliveries,
                                                     Work& work) {
  std::vector<Wake> wakes;
  std::set<RefundId> seen;
  for (const auto& delivery : deliveries) {
    const auto refund = codec::refund_from_message(delivery.body);
    if (!refund) {
      Parking parking;
      parking.queue = queues::refunds;
      parking.reason = "undecodable";
      parking.subject = "refunds:" + sha256_hex(delivery.body);
      parking.attempts = delivery.attempts + 1;
      parking.detail = "the message is not one of Holdfast's: " + refund.error().detail;
      work.follow_on.push_back(
          parked_message(ports_.ids, ports_.clock.now(), parking, delivery.body));
    } else if (seen.insert(refund->refund_id).second) {
      wakes.push_back(Wake{*refund, delivery.attempts, delivery.headers.contains(kRetryHeader)});
    }
  }
  return wakes;
}

boost::asio::awaitable<std::vector<OrderRef>> RefundWorker::refs_for(std::vector<OrderId> order_ids,
                                                                     bool journaled) {
  std::vector<OrderRef> refs;
  refs.reserve(order_ids.size());
  std::vector<boost::asio::awaitable<PortResult<std::optional<Order>>>> lookups;
  for (const auto& order_id : order_ids) {
    refs.push_back(OrderRef{order_id, std::nullopt});
    if (journaled) lookups.push_back(journaled_order(ports_.ledger, order_id));
  }
  auto found = co_await async::gather(std::move(lookups));
  // Without Redis only orders in the book can be looked at; the others are held by their rows.
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) refs[i].journaled = std::move(*found[i]);
  }
  co_return refs;
}

boost::asio::awaitable<void> RefundWorker::handle_range(std::vector<Wake> wakes, bool journaled,
                                                        Work& work) {
  std::set<OrderId> order_ids;
  for (const auto& wake : wakes) order_ids.insert(wake.refund.order_id);
  auto refs = co_await refs_for({order_ids.begin(), order_ids.end()}, journaled);
  Work attempt;
  const auto updated = co_await update(std::move(refs), wakes, attempt);
  if (updated) {
    std::move(attempt.follow_on.begin(), attempt.follow_on.end(),
              std::back_inserter(work.follow_on));
    std::move(attempt.released.begin(), attempt.released.end(), std::back_inserter(work.released));
    for (const auto& aggregate : *updated) order_ids.erase(aggregate.order.id);
    if (order_ids.empty() || journaled) co_return;
    // Refunds that overtook their orders: those are in the journal still.
    std::erase_if(wakes,
                  [&](const Wake& wake) { return !order_ids.contains(wake.refund.order_id); });
    co_await handle_range(std::move(wakes), true, work);
  } else if (wakes.size() == 1) {
    co_await try_again_or_park(wakes.front(), updated.error().detail, work);
  } else {
    // One refund that the book refuses must not stop the others.
    const auto middle = wakes.begin() + static_cast<std::ptrdiff_t>(wakes.size() / 2);
    std::vector<Wake> second(middle, wakes.end());
    wakes.erase(middle, wakes.end());
    co_await handle_range(std::move(wakes), journaled, work);
    co_await handle_range(std::move(second), journaled, work);
  }
}

boost::asio::awaitable<PortResult<std::vector<OrderAggregate>>> RefundWorker::update(
    std::vector<OrderRef> refs, const std::vector<Wake>& wakes, Work& work) {
  const auto now = ports_.clock.now();
  std::set<OrderId> met;
  const OrderDecision decision = [&](const OrderAggregate& aggregate) {
    // The transaction may be repeated: an order met twice means that it was.
    if (!met.insert(aggregate.order.id).second) {
      work = Work{};
      met = {aggregate.order.id};
    }
    return decide(aggregate, wakes, now, work);
  };
  for (;;) {
    work = Work{};
    met.clear();
    auto updated = co_await ports_.book.update(refs, decision);
    if (updated || updated.error().kind == PortErrorKind::constraint) co_return updated;
    spdlog::warn("refunds wait for PostgreSQL: {}", updated.error().detail);
    co_await ports_.clock.sleep(limits::kServerAwayPause);
  }
}

OrderChange RefundWorker::decide(const OrderAggregate& aggregate, const std::vector<Wake>& wakes,
                                 Instant now, Work& work) const {
  OrderChange change;
  Order order = aggregate.order;
  for (const auto& wake : wakes) {
    if (wake.refund.order_id != order.id) continue;
    const auto* standing = find(aggregate.refunds, wake.refund.refund_id);
    if (standing == nullptr) continue;  // never committed: nothing was promised
    Refund refund = *standing;
    if (wake.retried && refund.status == RefundStatus::needs_attention) {
      refund.status = next(refund.status, RefundEvent::retried);
    }
    // A second chain of wake-ups, as the sweep may start one, ends at the first look too early.
    const bool early = refund.next_check_at && now < *refund.next_check_at;
    if (refund.status == RefundStatus::waiting && !is_final(order.status) && early) continue;
    auto check = decide_refund_check(order, refund, options_.policy, now);
    switch (check.outcome) {
      case RefundCheckOutcome::nothing: break;
      case RefundCheckOutcome::hold:
        work.follow_on.push_back(
            refund_wake(ports_.ids, order.id, refund.id, options_.policy.delay));
        change.refunds.push_back(std::move(check.refund));
        break;
      case RefundCheckOutcome::void_: change.refunds.push_back(std::move(check.refund)); break;
      case RefundCheckOutcome::reverse:
        reverse(change, order, std::move(check.refund), now, work);
        break;
    }
  }
  return change;
}

void RefundWorker::reverse(OrderChange& change, Order& order, Refund refund, Instant now,
                           Work& work) const {
  auto reversal = decide_reversal(order, refund, points_per(order), now);
  const auto cause = refund.id.to_string();
  for (const auto& line : reversal.returned) {
    if (!line.restock) continue;
    StockMovement movement;
    movement.sku = line.sku;
    movement.delta = line.units;
    movement.returned = line.units;
    movement.kind = MovementKind::refund;
    movement.cause_id = cause;
    movement.at = now;
    change.stock.push_back(std::move(movement));
  }
  if (reversal.points_delta != 0) {
    change.points.push_back(
        PointsMovement{order.user_id, reversal.points_delta, MovementKind::refund, cause, now});
  }
  order = reversal.order;
  change.order = std::move(reversal.order);
  change.refunds.push_back(reversal.refund);
  work.released.push_back({std::move(reversal.refund), order.user_id});
}

boost::asio::awaitable<std::size_t> RefundWorker::release(
    std::vector<OrderBook::Unreleased> refunds) {
  std::vector<boost::asio::awaitable<PortResult<ChangeOutcome>>> changes;
  changes.reserve(refunds.size());
  for (const auto& unreleased : refunds) {
    changes.push_back(ports_.ledger.give_back(give_back_of(unreleased)));
  }
  const auto outcomes = co_await async::gather(std::move(changes));
  std::vector<RefundId> done;
  for (std::size_t i = 0; i < refunds.size(); ++i) {
    const auto& outcome = outcomes[i];
    const bool held_up =
        !outcome || *outcome == ChangeOutcome::closed || *outcome == ChangeOutcome::busy;
    if (!held_up) done.push_back(refunds[i].refund.id);
  }
  if (done.size() < refunds.size()) {
    spdlog::info("stock of {} refunds waits for Redis and the sweep", refunds.size() - done.size());
  }
  const auto count = done.size();
  // Unmarked, the sweep gives back again: the ledger knows the change by its id.
  if (count != 0) static_cast<void>(co_await ports_.book.mark_released(std::move(done)));
  co_return count;
}

boost::asio::awaitable<void> RefundWorker::try_again_or_park(Wake wake, std::string detail,
                                                             Work& work) {
  const auto attempts = wake.attempts + 1;
  if (attempts < options_.attempts) {
    auto again = refund_wake(ports_.ids, wake.refund.order_id, wake.refund.refund_id,
                             backoff(attempts, options_.retry_first, options_.retry_max));
    again.attempts = attempts;
    work.follow_on.push_back(std::move(again));
    co_return;
  }
  std::vector<OrderRef> refs(1);
  refs[0].order_id = wake.refund.order_id;
  const OrderDecision mark = [&](const OrderAggregate& aggregate) {
    OrderChange change;
    const auto* refund = find(aggregate.refunds, wake.refund.refund_id);
    if (refund == nullptr || is_final(refund->status)) return change;
    Refund parked = *refund;
    // A hold stays one: the sweep goes on looking, whatever becomes of this message.
    if (parked.status != RefundStatus::reversing) return change;
    parked.status = next(parked.status, RefundEvent::parked);
    parked.error = detail;
    parked.next_check_at.reset();
    change.refunds.push_back(std::move(parked));
    return change;
  };
  // The row before the message: an operator who discards the one must find the other.
  for (;;) {
    const auto marked = co_await ports_.book.update(refs, mark);
    if (marked || marked.error().kind == PortErrorKind::constraint) break;
    spdlog::warn("a refund to be parked waits for PostgreSQL: {}", marked.error().detail);
    co_await ports_.clock.sleep(limits::kServerAwayPause);
  }
  Parking parking;
  parking.queue = queues::refunds;
  parking.reason = "attempts_exhausted";
  parking.subject = "refunds:" + wake.refund.refund_id.to_string();
  parking.order_id = wake.refund.order_id;
  parking.refund_id = wake.refund.refund_id;
  parking.attempts = attempts;
  parking.detail = std::move(detail);
  work.follow_on.push_back(
      parked_message(ports_.ids, ports_.clock.now(), parking, codec::refund_message(wake.refund)));
}

}  // namespace holdfast::flows
