#include "flows/refunds.h"

#include <utility>

#include "async/fault_point.h"
#include "codec/order_json.h"
#include "domain/digest.h"
#include "flows/journaled_order.h"

namespace holdfast::flows {
namespace {

RefundAnswer answer_from(RefundDecision decision) {
  RefundAnswer answer;
  answer.outcome = decision.outcome;
  answer.refund = std::move(decision.refund);
  answer.errors = std::move(decision.errors);
  return answer;
}

}  // namespace

OrderChange Refunds::record(const OrderAggregate& aggregate, RefundDecision& decision, Instant now,
                            OrderWork& work) const {
  Progress progress;
  progress.aggregate = aggregate;
  progress.aggregate.refunds.push_back(*decision.refund);
  const bool stops = aggregate.order.status == OrderStatus::processing &&
                     decision.refund->when_incomplete == WhenIncomplete::preempt;
  if (stops) {
    preempt(progress, decision.refund->id, now);
    advance(progress, policy_, now);
    decision.refund = progress.aggregate.refunds.back();
  }
  return ports_.writer.write(aggregate, std::move(progress), work);
}

boost::asio::awaitable<Outcome<RefundAnswer>> Refunds::request(RefundCommand command) {
  const auto fingerprint = sha256_hex(canonical_content(command.order_id, command.request));
  const auto now = ports_.clock.now();
  RefundDecision decision;
  decision.outcome = RefundRequestOutcome::unknown_order;
  OrderWork work;
  auto generation = ports_.finisher.generation();
  bool is_early = false;
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    work = OrderWork{};
    is_early = aggregate.order.status == OrderStatus::accepted;
    decision = decide_refund_request(aggregate.order, aggregate.refunds, command.refund_id,
                                     fingerprint, command.request, policy_.refund, now);
    if (decision.outcome != RefundRequestOutcome::accepted) return OrderChange{};
    return record(aggregate, decision, now, work);
  };
  const auto updated = co_await ports_.updates.update(command.order_id, decide);
  if (!updated) {
    const auto conflict = co_await names_another_refund(command);
    if (!conflict) co_return tl::unexpected(updated.error());
    decision = RefundDecision{};
    decision.outcome = RefundRequestOutcome::conflict;
  } else if (decision.outcome == RefundRequestOutcome::unknown_order) {
    // An order may be lost of which a refund stands.
    const auto standing = co_await ports_.book.find_refund(command.refund_id);
    if (!standing) co_return unavailable_book(standing.error());
    if (*standing) decision = decide_refund_repeat(**standing, fingerprint);
  } else if (decision.outcome == RefundRequestOutcome::accepted) {
    // Here the process may die: the row stands, and the sweep finds it by next_check_at.
    HF_FAULT_POINT("refund_inserted_before_publish");
    co_await wake(*decision.refund, is_early);
    co_await ports_.finisher.try_to_finish(std::move(work), std::move(generation));
  }
  co_return answer_from(std::move(decision));
}

boost::asio::awaitable<bool> Refunds::names_another_refund(const RefundCommand& command) {
  const auto standing = co_await ports_.book.find_refund(command.refund_id);
  co_return standing&&* standing && (*standing)->order_id != command.order_id;
}

boost::asio::awaitable<void> Refunds::wake(Refund refund, bool is_early) {
  const codec::RefundWake itself{refund.order_id, refund.id};
  // One that stops its order, or finds it complete, is brought on at once; so is one that stops an
  // order which the book has not got yet.
  const bool waits =
      refund.status == RefundStatus::waiting && refund.when_incomplete == WhenIncomplete::wait;
  if (!waits) {
    co_await ports_.waker.wake(itself, std::nullopt);
    co_return;
  }
  // The order may have been settled while the refund was being written: its settlement then did
  // not see the refund, and this look, begun after the refund's commit, sees the order.
  RepeatLookup::Answer look;
  if (is_early) look = ports_.lookup.begin(refund.order_id);
  co_await ports_.waker.wake(itself, policy_.refund.delay);
  if (!look) co_return;
  const auto is_settled = co_await look->wait();
  if (is_settled.value_or(false)) co_await ports_.waker.wake(itself, std::nullopt);
}

boost::asio::awaitable<Outcome<RefundAnswer>> Refunds::preview(OrderId order_id,
                                                               RefundRequest request) {
  const auto now = ports_.clock.now();
  const RefundId id{ports_.ids.next()};
  RefundDecision decision;
  decision.outcome = RefundRequestOutcome::unknown_order;
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    decision = decide_refund_request(aggregate.order, aggregate.refunds, id, "", request,
                                     policy_.refund, now);
    return OrderChange{};
  };
  const auto updated = co_await ports_.updates.update(order_id, decide);
  if (!updated) co_return tl::unexpected(updated.error());
  co_return answer_from(std::move(decision));
}

}  // namespace holdfast::flows
