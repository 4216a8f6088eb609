#include "flows/refunds.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "async/fault_point.h"
#include "codec/order_json.h"
#include "domain/digest.h"
#include "flows/journaled_order.h"
#include "flows/outgoing.h"

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

boost::asio::awaitable<Outcome<RefundAnswer>> Refunds::request(RefundCommand command) {
  const auto fingerprint = sha256_hex(canonical_content(command.order_id, command.request));
  const auto now = ports_.clock.now();
  RefundDecision decision;
  decision.outcome = RefundRequestOutcome::unknown_order;
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    decision = decide_refund_request(aggregate.order, aggregate.refunds, command.refund_id,
                                     fingerprint, command.request, policy_, now);
    OrderChange change;
    if (decision.outcome == RefundRequestOutcome::accepted) {
      change.refunds.push_back(*decision.refund);
    }
    return change;
  };
  const auto updated = co_await update_order(ports_.book, ports_.ledger, command.order_id, decide);
  if (!updated) {
    const auto conflict = co_await names_another_refund(command);
    if (!conflict) co_return tl::unexpected(updated.error());
    decision = RefundDecision{};
    decision.outcome = RefundRequestOutcome::conflict;
  } else if (decision.outcome == RefundRequestOutcome::accepted) {
    // Here the process may die: the row stands, and the sweep finds it by next_check_at.
    HF_FAULT_POINT("refund_inserted_before_publish");
    co_await wake(*decision.refund);
  }
  co_return answer_from(std::move(decision));
}

boost::asio::awaitable<bool> Refunds::names_another_refund(const RefundCommand& command) {
  const auto standing = co_await ports_.book.find_refund(command.refund_id);
  co_return standing&&* standing && (*standing)->order_id != command.order_id;
}

boost::asio::awaitable<void> Refunds::wake(Refund refund) {
  std::vector<OutgoingMessage> messages;
  const bool held = refund.status == RefundStatus::waiting;
  messages.push_back(refund_wake(ports_.ids, refund.order_id, refund.id,
                                 held ? std::optional(policy_.delay) : std::nullopt));
  if (held) {
    // The order may have been completed while the refund was being written: its settlement then
    // did not see the refund, and this look does.
    const auto found = co_await ports_.book.find_order(refund.order_id);
    if (found && *found && is_final((*found)->order.status)) {
      messages.push_back(refund_wake(ports_.ids, refund.order_id, refund.id));
    }
  }
  const auto published = co_await ports_.bus.publish(std::move(messages));
  if (!published) {
    spdlog::warn("refund {} waits for the sweep, its message was not confirmed: {}",
                 refund.id.to_string(), published.error().detail);
  }
}

boost::asio::awaitable<Outcome<RefundAnswer>> Refunds::preview(OrderId order_id,
                                                               RefundRequest request) {
  const auto now = ports_.clock.now();
  const RefundId id{ports_.ids.next()};
  RefundDecision decision;
  decision.outcome = RefundRequestOutcome::unknown_order;
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    decision =
        decide_refund_request(aggregate.order, aggregate.refunds, id, "", request, policy_, now);
    return OrderChange{};
  };
  const auto updated = co_await update_order(ports_.book, ports_.ledger, order_id, decide);
  if (!updated) co_return tl::unexpected(updated.error());
  co_return answer_from(std::move(decision));
}

}  // namespace holdfast::flows
