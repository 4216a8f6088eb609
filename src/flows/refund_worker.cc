#include "flows/refund_worker.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "async/fault_point.h"
#include "domain/defects.h"
#include "domain/digest.h"
#include "domain/transitions.h"
#include "flows/journaled_order.h"
#include "flows/limits.h"
#include "flows/settlement.h"

namespace holdfast::flows {
namespace {

/// Stands in for an order that neither store has, so that its refunds can be looked at. No order is
/// without lines.
Order nobodys_order(const OrderId& order_id) {
  Order order;
  order.id = order_id;
  return order;
}

bool is_nobodys(const Order& order) {
  return order.lines.empty();
}

/// Whether one of `written` is the refund for which an order was refused before its settlement.
bool ends_what_refused(const Order& order, const std::vector<Refund>& written) {
  if (order.status != OrderStatus::cancelled || !order.preempted_by) return false;
  const bool never_began =
      std::all_of(order.steps.begin(), order.steps.end(),
                  [](const Step& step) { return step.status == StepStatus::skipped; });
  return never_began && std::any_of(written.begin(), written.end(), [&](const Refund& refund) {
           return refund.id == *order.preempted_by;
         });
}

template <class T>
void take(std::vector<T> from, std::vector<T>& to) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

}  // namespace

boost::asio::awaitable<void> RefundWorker::run() {
  const BatchLimits limits{limits::kRefundMessages, Milliseconds{0}};
  for (;;) {
    auto deliveries = co_await ports_.bus.receive(queues::refunds, limits);
    if (deliveries.empty()) co_return;
    co_await handle(std::move(deliveries));
  }
}

boost::asio::awaitable<void> RefundWorker::handle(std::vector<Delivery> deliveries) {
  Work work;
  auto generation = ports_.finisher.generation();
  const auto wakes = decode(deliveries, work);
  for (auto next = wakes.begin(); next != wakes.end();) {
    const auto count = std::min<std::ptrdiff_t>(limits::kRefundBatch, wakes.end() - next);
    std::vector<Wake> some(next, next + count);
    co_await handle_range(std::move(some), false, work);
    next += count;
  }
  take(refund_wakes(ports_.ids, work.held, options_.policy.refund.delay), work.order.messages);
  for (auto& refund : std::exchange(work.preempting, {})) {
    co_await stop_before_settlement(std::move(refund), work);
  }
  refunded_count_ += work.order.refunds.size();
  co_await ports_.finisher.finish(std::move(work.order), std::move(generation));
  const auto acked = co_await ports_.bus.ack(queues::refunds, tags_of(deliveries));
  if (!acked) spdlog::warn("ack of refunds failed: {}", acked.error().detail);
}

std::vector<RefundWorker::Wake> RefundWorker::decode(const std::vector<Delivery>& deliveries,
                                                     Work& work) {
  std::vector<Wake> wakes;
  std::set<RefundId> seen;
  for (const auto& delivery : deliveries) {
    const auto refunds = codec::refunds_from_message(delivery.body);
    if (!refunds) {
      Parking parking;
      parking.queue = queues::refunds;
      parking.reason = "undecodable";
      parking.subject = "refunds:" + sha256_hex(delivery.body);
      parking.attempts = delivery.attempts + 1;
      parking.detail = "the message is not one of Holdfast's: " + refunds.error().detail;
      work.order.messages.push_back(
          parked_message(ports_.ids, ports_.clock.now(), parking, delivery.body));
      continue;
    }
    for (const auto& refund : *refunds) {
      if (!seen.insert(refund.refund_id).second) continue;
      wakes.push_back(Wake{refund, delivery.attempts, delivery.headers.contains(kRetryHeader)});
    }
  }
  return wakes;
}

boost::asio::awaitable<std::vector<OrderRef>> RefundWorker::refs_for(std::vector<OrderId> order_ids,
                                                                     bool journaled,
                                                                     std::set<OrderId>& lost) {
  std::vector<OrderRef> refs;
  refs.reserve(order_ids.size());
  for (const auto& order_id : order_ids) refs.push_back(OrderRef{order_id, std::nullopt});
  if (!journaled) co_return refs;
  auto found = co_await journaled_orders(ports_.ledger, std::move(order_ids));
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] && *found[i]) {
      refs[i].journaled = std::move(*found[i]);
    } else {
      refs[i].journaled = nobodys_order(refs[i].order_id);
      if (found[i]) lost.insert(refs[i].order_id);
    }
  }
  co_return refs;
}

boost::asio::awaitable<void> RefundWorker::handle_range(std::vector<Wake> wakes, bool journaled,
                                                        Work& work) {
  std::set<OrderId> order_ids;
  for (const auto& wake : wakes) order_ids.insert(wake.refund.order_id);
  std::vector<OrderId> listed(order_ids.begin(), order_ids.end());
  std::set<OrderId> lost;
  auto refs = co_await refs_for(std::move(listed), journaled, lost);
  Work attempt;
  const auto updated = co_await update(std::move(refs), wakes, lost, attempt);
  if (updated) {
    take(std::move(attempt.order.messages), work.order.messages);
    take(std::move(attempt.order.refunds), work.order.refunds);
    take(std::move(attempt.order.cancelled), work.order.cancelled);
    take(std::move(attempt.preempting), work.preempting);
    take(std::move(attempt.held), work.held);
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
    std::vector<OrderRef> refs, const std::vector<Wake>& wakes, const std::set<OrderId>& lost,
    Work& work) {
  const auto now = ports_.clock.now();
  std::set<OrderId> met;
  const OrderDecision decision = [&](const OrderAggregate& aggregate) {
    // The transaction may be repeated: an order met twice means that it was.
    if (!met.insert(aggregate.order.id).second) {
      work = Work{};
      met = {aggregate.order.id};
    }
    return decide(aggregate, wakes, lost, now, work);
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
                                 const std::set<OrderId>& lost, Instant now, Work& work) const {
  Progress progress;
  progress.aggregate = aggregate;
  for (const auto& wake : wakes) {
    if (wake.refund.order_id == aggregate.order.id) look(progress, wake, now, work);
  }
  if (!is_nobodys(aggregate.order)) {
    advance(progress, options_.policy, now);
  } else if (lost.contains(aggregate.order.id) && !HF_DEFECT(hold_for_lost_orders)) {
    end_overdue(progress, now);
  }
  auto change = ports_.writer.write(aggregate, std::move(progress), work.order);
  if (ends_what_refused(aggregate.order, change.refunds)) {
    // Others hear of the refusal with the end of the refund that it was for: the order itself may
    // never come here to be told of.
    take(ports_.writer.events().of_settlement(aggregate.order), change.events);
  }
  return change;
}

void RefundWorker::look(Progress& progress, const Wake& wake, Instant now, Work& work) const {
  const Order& order = progress.aggregate.order;
  auto& refunds = progress.aggregate.refunds;
  const auto standing = std::find_if(refunds.begin(), refunds.end(), [&](const Refund& refund) {
    return refund.id == wake.refund.refund_id;
  });
  if (standing == refunds.end()) return;  // never committed: nothing was promised
  Refund& refund = *standing;
  if (wake.retried && refund.status == RefundStatus::needs_attention) {
    refund.status = next(refund.status, RefundEvent::retried);
  }
  // A second chain of wake-ups, as the sweep may start one, ends at the first look too early.
  const bool early = refund.next_check_at && now < *refund.next_check_at &&
                     refund.when_incomplete == WhenIncomplete::wait;
  if (refund.status == RefundStatus::waiting && !is_final(order.status) && early) return;
  auto check = decide_refund_check(order, refund, options_.policy.refund, now);
  if (check.outcome == RefundCheckOutcome::nothing) return;
  refund = std::move(check.refund);
  const bool holds =
      check.outcome == RefundCheckOutcome::hold ||
      (check.outcome == RefundCheckOutcome::preempt && order.status == OrderStatus::accepted);
  if (holds) work.held.push_back({order.id, refund.id});
  if (check.outcome != RefundCheckOutcome::preempt) return;
  if (order.status == OrderStatus::accepted) {
    work.preempting.push_back(refund);
  } else {
    preempt(progress, refund.id, now);
  }
}

void RefundWorker::end_overdue(Progress& progress, Instant now) const {
  for (Refund& refund : progress.aggregate.refunds) {
    const bool is_overdue =
        refund.status == RefundStatus::waiting &&
        now - refund.requested_at > options_.policy.order_deadline + limits::kClockSkew;
    if (!is_overdue) continue;
    // Were it still to come, from a queue that was long paused, it would be cancelled.
    spdlog::error("refund {} ends: neither Redis nor PostgreSQL has its order {}",
                  refund.id.to_string(), refund.order_id.to_string());
    refund.status = next(refund.status, RefundEvent::order_cancelled);
    refund.error = "its order is lost: neither Redis nor PostgreSQL has it";
    refund.next_check_at.reset();
  }
}

boost::asio::awaitable<void> RefundWorker::stop_before_settlement(Refund refund, Work& work) {
  // Whoever writes the order into the book first decides: this refusal, or its settlement.
  const auto entry = co_await ports_.ledger.find_journal(refund.order_id);
  if (!entry || !*entry) co_return;  // the next look will find more
  auto placed = codec::placed_order_from_payload((*entry)->payload);
  if (!placed) co_return;
  const codec::IncomingOrder incoming{"", std::move(*placed)};
  const Refusal refusal{CancelReason::preempted, &refund, true};
  auto batch = refusal_of(incoming, refusal, ports_.clock.now());
  const Order cancelled = batch.front().order;
  const auto settled = co_await ports_.book.settle(std::move(batch));
  if (!settled) {
    spdlog::warn("refund {} cannot stop its order yet: {}", refund.id.to_string(),
                 settled.error().detail);
    co_return;
  }
  if (settled->reports.front().outcome == SettleOutcome::stale_generation) co_return;
  if (settled->reports.front().outcome == SettleOutcome::settled || HF_DEFECT(preempt_unchecked)) {
    HF_FAULT_POINT("order_refused_before_refund_ends");
    work.order.cancelled.push_back(cancelled);
  }
  for (const auto& waiting : settled->waiting) {
    if (waiting.refund_id == refund.id) continue;
    work.order.messages.push_back(refund_wake(ports_.ids, {waiting.order_id, waiting.refund_id}));
  }
  // It ends, or stops an order that is in the book now.
  work.order.messages.push_back(refund_wake(ports_.ids, {refund.order_id, refund.id}));
}

boost::asio::awaitable<void> RefundWorker::try_again_or_park(Wake wake, std::string detail,
                                                             Work& work) {
  const auto attempts = wake.attempts + 1;
  if (attempts < options_.attempts) {
    auto again = refund_wake(ports_.ids, wake.refund,
                             backoff(attempts, options_.retry_first, options_.retry_max));
    again.attempts = attempts;
    work.order.messages.push_back(std::move(again));
    co_return;
  }
  std::vector<OrderRef> refs(1);
  refs[0].order_id = wake.refund.order_id;
  const OrderDecision mark = [&](const OrderAggregate& aggregate) {
    Progress progress;
    progress.aggregate = aggregate;
    for (Refund& refund : progress.aggregate.refunds) {
      // A hold stays one: the sweep goes on looking, whatever becomes of this message.
      const bool is_stuck =
          refund.id == wake.refund.refund_id && refund.status == RefundStatus::reversing;
      if (!is_stuck) continue;
      refund.status = next(refund.status, RefundEvent::parked);
      refund.error = detail;
      refund.next_check_at.reset();
    }
    OrderWork nothing;  // no message and no stock follows from it
    return ports_.writer.write(aggregate, std::move(progress), nothing);
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
  work.order.messages.push_back(parked_message(ports_.ids, ports_.clock.now(), parking,
                                               codec::refunds_message({&wake.refund, 1})));
}

}  // namespace holdfast::flows
