#include <algorithm>
#include <utility>

#include "domain/samples_for_test.h"
#include "domain/shop_for_test.h"

// How the shop in shop_test.cc comes to rest.

namespace holdfast::samples {

void Shop::drain() {
  constexpr int kRounds = 2'000;
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < sales_.size(); ++i) {
      settle(i);
      for (std::size_t j = 0; j < plan_.steps.size(); ++j) {
        // A third of the buyers never pays.
        const bool silent = sales_[i].rows.order.steps[j].kind == StepKind::await && i % 3 == 0;
        if (!silent) report(i, j + plan_.steps.size() * 20 + 1);
      }
    }
    while (!parked_.empty()) retry_parked(0);
    std::vector<PendingCall> calls = std::exchange(calls_, {});
    for (PendingCall& pending : calls) {
      Call& call = pending.call;
      if (!call.answer) call.answer = provider_.arrive(call, Mood::fine);
      if (call.kind == StepKind::amqp || !call.answered) answer(pending, *call.answer, 1);
    }
    std::vector<Message> messages = std::exchange(messages_, {});
    for (const Message& message : messages) {
      if (message.due <= now_) {
        handle(message, 1);
      } else {
        messages_.push_back(message);
      }
    }
    sweep();
    const auto event = next_event();
    if (!calls_.empty() || !parked_.empty()) continue;
    if (!event) return;
    now_ = std::max(now_, *event);
  }
  broken_ = "I3, I7: it does not come to rest";
}

std::optional<Instant> Shop::next_event() const {
  std::optional<Instant> next;
  const auto take = [&next](const std::optional<Instant>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const Message& message : messages_) take(message.due);
  for (const Sale& of : sales_) {
    take(of.rows.order.next_check_at);
    for (const Refund& refund : of.rows.refunds) take(refund.next_check_at);
  }
  return next;
}

void Shop::repeat_everything() {
  const auto sent = sent_;
  for (const Message& message : sent) {
    const OrderAggregate before = sales_[message.sale].rows;
    handle(message, 1);
    if (sales_[message.sale].rows != before) broken_ = "a late message changed what had ended";
  }
}

}  // namespace holdfast::samples
