#include "flows/parked_desk.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "codec/messages.h"
#include "domain/decide_settlement.h"
#include "domain/decide_step.h"
#include "domain/transitions.h"
#include "flows/event_teller.h"
#include "flows/journaled_order.h"
#include "flows/limits.h"
#include "flows/outgoing.h"
#include "flows/settlement.h"

namespace holdfast::flows {
namespace {

tl::unexpected<Failure> not_found() {
  Failure failure;
  failure.kind = FailureKind::not_found;
  return tl::unexpected<Failure>(std::move(failure));
}

std::string describe(const ParkedMessage& message) {
  return message.queue.value + " " + message.subject + " (" + message.reason + ")";
}

}  // namespace

boost::asio::awaitable<void> ParkedDesk::record() {
  for (;;) {
    const BatchLimits limits{limits::kParkedBatch, Milliseconds{0}};
    auto deliveries = co_await ports_.bus.receive(queues::parked, limits);
    if (deliveries.empty()) co_return;
    std::vector<ParkedMessage> messages;
    for (const auto& delivery : deliveries) {
      messages.push_back(parked_from(delivery, ports_.ids, ports_.clock.now()));
      spdlog::error("parked: {}: {}", describe(messages.back()), messages.back().detail);
    }
    for (;;) {
      const auto recorded = co_await ports_.book.record_parked(messages);
      if (recorded) break;
      spdlog::warn("parked messages wait for PostgreSQL: {}", recorded.error().detail);
      co_await ports_.clock.sleep(limits::kServerAwayPause);
    }
    static_cast<void>(co_await ports_.bus.ack(queues::parked, tags_of(deliveries)));
  }
}

ParkedFilter ParkedDesk::internal(ParkedFilter filter) const {
  const auto prefix = options_.name_space + ".";
  if (filter.queue && filter.queue->value.starts_with(prefix)) {
    filter.queue->value.erase(0, prefix.size());
  }
  return filter;
}

boost::asio::awaitable<Outcome<Page<ParkedMessage>>> ParkedDesk::list(ParkedFilter filter,
                                                                      PageRequest page) {
  auto found = co_await ports_.book.list_parked(internal(std::move(filter)), std::move(page));
  if (!found) co_return unavailable_book(found.error());
  for (auto& parked : found->items)
    parked.queue.value = options_.name_space + "." + parked.queue.value;
  co_return std::move(*found);
}

boost::asio::awaitable<Outcome<std::vector<ParkedGroup>>> ParkedDesk::groups() {
  auto found = co_await ports_.book.parked_groups();
  if (!found) co_return unavailable_book(found.error());
  for (auto& group : *found) group.queue.value = options_.name_space + "." + group.queue.value;
  co_return std::move(*found);
}

boost::asio::awaitable<Outcome<std::size_t>> ParkedDesk::retry(ParkedFilter filter,
                                                               std::string actor) {
  std::size_t sent = 0;
  filter = internal(std::move(filter));
  // What fails again meanwhile is parked anew, under another id; that is for another call.
  if (!filter.id) filter.last_before = ports_.clock.now() + Milliseconds{1};
  for (;;) {
    const auto claimed = co_await ports_.book.claim_parked(
        filter, limits::kParkedRetryBatch, ports_.clock.now(), limits::kParkedLease);
    if (!claimed) co_return unavailable_book(claimed.error());
    if (claimed->empty()) break;
    std::vector<OutgoingMessage> messages;
    std::vector<Uuid> ids;
    AuditEntry audit{actor, "parked.retry", "", ports_.clock.now()};
    for (const auto& parked : *claimed) {
      OutgoingMessage message;
      message.queue = parked.queue;
      message.id = MessageId{parked.id};
      message.body = parked.body;
      message.headers[kRetryHeader] = "1";
      messages.push_back(std::move(message));
      ids.push_back(parked.id);
      audit.detail += (audit.detail.empty() ? "" : ", ") + describe(parked);
    }
    const auto published = co_await ports_.bus.publish(std::move(messages));
    // Not sent: the lease ends by itself and they can be retried again.
    if (!published) co_return unavailable_bus(published.error());
    sent += ids.size();
    const auto removed = co_await ports_.book.remove_parked(std::move(ids), std::move(audit));
    if (!removed) co_return unavailable_book(removed.error());
  }
  if (sent == 0 && filter.id) co_return not_found();
  co_return sent;
}

boost::asio::awaitable<Outcome<bool>> ParkedDesk::discard(Uuid id, std::string reason,
                                                          std::string actor) {
  ParkedFilter filter;
  filter.id = id;
  const auto claimed =
      co_await ports_.book.claim_parked(filter, 1, ports_.clock.now(), limits::kParkedLease);
  if (!claimed) co_return unavailable_book(claimed.error());
  if (claimed->empty()) co_return not_found();
  const auto& parked = claimed->front();
  AuditEntry audit{std::move(actor), "parked.discard", describe(parked) + ": " + reason,
                   ports_.clock.now()};
  Discard given_up{parked, std::move(reason), audit};
  const auto written = co_await give_up(std::move(given_up));
  if (!written) co_return tl::unexpected(written.error());
  if (*written) co_return true;
  // The effect came first: a crash before this leaves the row, and discarding it again changes
  // nothing.
  std::vector<Uuid> ids{id};
  const auto removed = co_await ports_.book.remove_parked(std::move(ids), std::move(audit));
  if (!removed) co_return unavailable_book(removed.error());
  co_return true;
}

boost::asio::awaitable<Outcome<bool>> ParkedDesk::give_up(Discard discard) {
  if (discard.parked.queue == queues::refunds) co_return co_await fail_refund(std::move(discard));
  if (auto step = codec::step_from_message(discard.parked.body)) {
    co_return co_await give_up_step(std::move(*step), std::move(discard));
  }
  const auto cancelled = co_await cancel_orders(std::move(discard.parked));
  if (!cancelled) co_return tl::unexpected(cancelled.error());
  co_return false;
}

boost::asio::awaitable<Outcome<bool>> ParkedDesk::give_up_step(codec::StepWake wake,
                                                               Discard discard) {
  std::vector<OrderRef> refs(1);
  refs[0].order_id = wake.action.order_id;
  OrderWork work;
  auto generation = ports_.finisher.generation();
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    work = OrderWork{};
    auto progress =
        decide_discard(aggregate, wake.action, discard.reason, options_.policy, ports_.clock.now());
    auto change = ports_.writer.write(aggregate, std::move(progress), work);
    change.unparked.push_back(discard.parked.subject);
    change.audit = discard.audit;
    return change;
  };
  const auto updated = co_await ports_.book.update(std::move(refs), decide);
  if (!updated) co_return unavailable_book(updated.error());
  co_await ports_.finisher.try_to_finish(std::move(work), std::move(generation));
  co_return !updated->empty();
}

boost::asio::awaitable<Outcome<bool>> ParkedDesk::fail_refund(Discard discard) {
  const auto& parked = discard.parked;
  if (!parked.order_id || !parked.refund_id) co_return false;
  std::vector<OrderRef> refs(1);
  refs[0].order_id = *parked.order_id;
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    OrderChange change;
    for (Refund refund : aggregate.refunds) {
      const bool parked_one =
          refund.id == *parked.refund_id && refund.status == RefundStatus::needs_attention;
      if (!parked_one) continue;
      refund.status = next(refund.status, RefundEvent::discarded);
      refund.error = discard.reason;
      refund.next_check_at.reset();
      change.refunds.push_back(std::move(refund));
    }
    change.unparked.push_back(parked.subject);
    change.audit = discard.audit;
    return change;
  };
  const auto updated = co_await ports_.book.update(std::move(refs), decide);
  if (!updated) co_return unavailable_book(updated.error());
  co_return !updated->empty();
}

boost::asio::awaitable<PortResult<SettleResult>> ParkedDesk::refuse(codec::IncomingOrder incoming,
                                                                    OrderWork& work) {
  const auto now = ports_.clock.now();
  auto batch = refusal_of(incoming, {CancelReason::step_failed, nullptr, true}, now);
  Order refused = batch.front().order;
  auto settled = co_await ports_.book.settle(std::move(batch));
  const bool stale = settled && settled->reports.front().outcome == SettleOutcome::stale_generation;
  if (stale) {
    // Reserved before the ledger was rebuilt: it holds nothing of it, so any generation will do.
    const auto record = co_await ports_.book.ledger_record();
    if (!record) co_return tl::unexpected(record.error());
    if (*record) incoming.placed.generation = (*record)->generation;
    incoming.outbox_id.clear();
    batch = refusal_of(incoming, {CancelReason::step_failed, nullptr, false}, now);
    refused = batch.front().order;
    settled = co_await ports_.book.settle(std::move(batch));
  }
  if (!settled) co_return settled;
  const auto& report = settled->reports.front();
  const bool stands_cancelled =
      report.outcome == SettleOutcome::already_settled && report.standing == OrderStatus::cancelled;
  if (report.outcome == SettleOutcome::settled || stands_cancelled) {
    // Whoever refused it before may have died before others were told.
    const auto kept = co_await keep_events(ports_.book, refused.id,
                                           ports_.writer.events().of_settlement(refused));
    if (!kept) co_return tl::unexpected(kept.error());
  }
  if (report.outcome == SettleOutcome::settled && !refused.stock_released) {
    work.cancelled.push_back(std::move(refused));
  }
  co_return settled;
}

boost::asio::awaitable<Outcome<void>> ParkedDesk::cancel_orders(ParkedMessage parked) {
  const auto orders = codec::orders_from_message(parked.body);
  // What cannot be read holds no reservation that could be named.
  if (!orders) co_return Outcome<void>{};
  OrderWork work;
  auto generation = ports_.finisher.generation();
  for (const auto& incoming : *orders) {
    const auto settled = co_await refuse(incoming, work);
    if (!settled) co_return unavailable_book(settled.error());
    const auto& report = settled->reports.front();
    for (const auto& refund : settled->waiting) {
      work.messages.push_back(refund_wake(ports_.ids, {refund.order_id, refund.refund_id}));
    }
    if (report.outcome != SettleOutcome::other_reservation) continue;
    // The order stands under another one. A ledger rebuilt since answers `closed`: it was computed
    // without this one.
    const auto released =
        co_await ports_.ledger.give_back(release_of(incoming.placed, options_.retention));
    if (!released) co_return unavailable_ledger(released.error());
  }
  co_await ports_.finisher.try_to_finish(std::move(work), std::move(generation));
  co_return Outcome<void>{};
}

}  // namespace holdfast::flows
