#include "flows/outbox_publisher.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "async/fault_point.h"
#include "codec/messages.h"
#include "domain/defects.h"
#include "flows/limits.h"

namespace holdfast::flows {

boost::asio::awaitable<bool> OutboxPublisher::publish(OutboxItem item) {
  if (!bus_.connected()) co_return false;
  if (is_stuck_) {
    enqueue(std::move(item));
    co_return false;
  }
  auto waiter = std::make_shared<async::Completion<bool>>();
  waiters_.push_back(Waiter{waiter, clock_.now() + options_.ack_timeout});
  waited_for_.raise();
  pending_.push_back(Pending{std::move(item), waiter});
  work_.raise();
  co_return co_await waiter->wait();
}

void OutboxPublisher::enqueue(OutboxItem item) {
  if (!bus_.connected()) return;
  pending_.push_back(Pending{std::move(item), nullptr});
  work_.raise();
}

boost::asio::awaitable<void> OutboxPublisher::run() {
  for (;;) {
    co_await work_.wait();
    while (!pending_.empty()) {
      co_await keep_pace();
      const auto count = std::min(pending_.size(), options_.batch_max);
      const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(count);
      std::vector<Pending> round(std::make_move_iterator(pending_.begin()),
                                 std::make_move_iterator(end));
      pending_.erase(pending_.begin(), end);
      co_await publish_round(std::move(round));
    }
  }
}

boost::asio::awaitable<void> OutboxPublisher::keep_pace() {
  const auto since = clock_.now() - last_round_at_;
  // A clock that was set back must not hold orders up.
  const bool is_soon = since >= Milliseconds{0} && since < limits::kPublishPace;
  if (is_soon && pending_.size() < options_.batch_max) {
    co_await clock_.sleep(limits::kPublishPace - since);
  }
  last_round_at_ = clock_.now();
}

boost::asio::awaitable<void> OutboxPublisher::publish_round(std::vector<Pending> round) {
  std::vector<codec::OutgoingOrder> orders;
  orders.reserve(round.size());
  for (const auto& pending : round) {
    orders.push_back({pending.item.outbox_id, pending.item.payload});
  }
  std::vector<OutgoingMessage> messages(1);
  messages[0].queue = queues::orders;
  messages[0].id = MessageId{ids_.next()};
  messages[0].body = codec::orders_message(orders);
  if (HF_DEFECT(delete_outbox_before_confirm)) {
    std::vector<std::string> early;
    for (const auto& pending : round) early.push_back(pending.item.outbox_id);
    static_cast<void>(co_await ledger_.delete_outbox(std::move(early)));
  }
  const auto published = co_await bus_.publish(std::move(messages));
  // Here the process may die: the orders are in queue and outbox, and are settled once.
  if (published) HF_FAULT_POINT("published_before_outbox_delete");
  for (const auto& pending : round) {
    const bool told = published.has_value() || HF_DEFECT(acknowledge_unpublished);
    if (pending.waiter) pending.waiter->set(told);
  }
  if (!published) co_return;  // the outbox keeps them; the sweep publishes them
  is_stuck_ = false;
  for (auto& pending : round) confirmed_.push_back(std::move(pending.item.outbox_id));
  confirmed_work_.raise();
}

boost::asio::awaitable<void> OutboxPublisher::delete_confirmed() {
  for (;;) {
    co_await confirmed_work_.wait();
    while (!confirmed_.empty()) {
      auto outbox_ids = std::exchange(confirmed_, {});
      // A delete that fails leaves entries that the sweep publishes again: harmless.
      static_cast<void>(co_await ledger_.delete_outbox(std::move(outbox_ids)));
    }
  }
}

boost::asio::awaitable<void> OutboxPublisher::expire_waiters() {
  for (;;) {
    co_await waited_for_.wait();
    while (!waiters_.empty()) {
      co_await clock_.sleep(limits::kWaiterTick);
      expire(clock_.now());
    }
  }
}

void OutboxPublisher::expire(Instant now) {
  while (!waiters_.empty() &&
         (waiters_.front().completion->is_set() || waiters_.front().until <= now)) {
    is_stuck_ = is_stuck_ || !waiters_.front().completion->is_set();
    waiters_.front().completion->set(false);
    waiters_.pop_front();
  }
}

}  // namespace holdfast::flows
