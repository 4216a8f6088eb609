#include "flows/sweep.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>

#include "codec/messages.h"
#include "domain/defects.h"
#include "flows/limits.h"
#include "flows/outgoing.h"

namespace holdfast::flows {

boost::asio::awaitable<void> Sweep::run() {
  for (;;) {
    co_await sweep_once();
    co_await ports_.clock.sleep(options_.every);
  }
}

boost::asio::awaitable<void> Sweep::sweep_once() {
  co_await publish_outbox();
  co_await rebuild_if_needed();
  co_await bring_on_orders();
  co_await wake_refunds();
  co_await release_stock();
  static_cast<void>(co_await ports_.stock.finish_pending(ports_.clock.now() - limits::kSweepGrace));
  co_await resend_unsettled();
}

boost::asio::awaitable<void> Sweep::rebuild_if_needed() {
  if (!ports_.guard.needs_rebuild() || !ports_.ledger.connected()) co_return;
  // Another process may have rebuilt it since the guard looked.
  co_await ports_.guard.verify();
  if (!ports_.guard.needs_rebuild()) co_return;
  // As of now: once the ledger is closed below, the guard sees no more than that.
  auto cause = ports_.guard.closed_because();
  // The outbox must drain while the rebuild waits for it, whoever wrote it.
  co_await publish_all_outbox();
  const auto rebuilt = co_await ports_.rebuild.run(std::move(cause));
  if (!rebuilt) spdlog::warn("the ledger is not rebuilt yet: {}", rebuilt.error().detail);
  co_await ports_.guard.verify();
}

boost::asio::awaitable<void> Sweep::publish_outbox() {
  co_await publish_outbox_until(ports_.clock.now() - options_.outbox_after);
}

boost::asio::awaitable<void> Sweep::publish_all_outbox() {
  const auto closed = co_await ports_.ledger.close();
  if (closed) co_await publish_outbox_until(ports_.clock.now());
}

boost::asio::awaitable<void> Sweep::publish_outbox_until(Instant not_after) {
  if (HF_DEFECT(forget_outbox)) co_return;
  for (std::string after;;) {
    if (!ports_.bus.connected()) co_return;
    const auto entries = co_await ports_.ledger.read_outbox(after, not_after, options_.batch_max);
    if (!entries || entries->empty()) co_return;
    std::vector<codec::OutgoingOrder> orders;
    std::vector<std::string> outbox_ids;
    for (const auto& entry : *entries) {
      orders.push_back({entry.outbox_id, entry.payload});
      outbox_ids.push_back(entry.outbox_id);
    }
    after = outbox_ids.back();
    std::vector<OutgoingMessage> messages(1);
    messages[0].queue = queues::orders;
    messages[0].id = MessageId{ports_.ids.next()};
    messages[0].body = codec::orders_message(orders);
    const auto published = co_await ports_.bus.publish(std::move(messages));
    if (!published) co_return;
    spdlog::info("swept {} orders from the outbox into the queue", outbox_ids.size());
    const auto deleted = co_await ports_.ledger.delete_outbox(std::move(outbox_ids));
    if (!deleted) co_return;
  }
}

boost::asio::awaitable<void> Sweep::wake_refunds() {
  if (HF_DEFECT(forget_holds)) co_return;
  // The grace leaves a refund to its own delayed message, which comes about now.
  const auto due = co_await ports_.book.due_refunds(ports_.clock.now() - limits::kSweepGrace,
                                                    limits::kSweepBatch);
  if (!due || due->empty() || !ports_.bus.connected()) co_return;
  std::vector<codec::RefundWake> refunds;
  for (const auto& refund : *due) refunds.push_back({refund.order_id, refund.id});
  auto wakes = refund_wakes(ports_.ids, refunds);
  const auto published = co_await ports_.bus.publish(std::move(wakes));
  if (published) spdlog::info("swept {} refunds whose time has passed", due->size());
}

boost::asio::awaitable<void> Sweep::bring_on_orders() {
  if (HF_DEFECT(forget_due_orders)) co_return;
  // More than one round only where more is due than one takes.
  for (std::size_t round = 0; round < limits::kSweepRounds; ++round) {
    auto due = co_await ports_.book.due_orders(ports_.clock.now(), limits::kSweepBatch);
    if (!due || due->empty()) co_return;
    const bool more = due->size() == limits::kSweepBatch;
    const bool done = co_await bring_on(std::move(*due));
    if (!done || !more) co_return;
  }
}

boost::asio::awaitable<bool> Sweep::bring_on(std::vector<OrderId> due) {
  std::vector<OrderRef> refs;
  for (const auto& order_id : due) refs.push_back({order_id, std::nullopt});
  const auto now = ports_.clock.now();
  OrderWork work;
  auto generation = ports_.finisher.generation();
  std::set<OrderId> met;
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    // The transaction may be repeated: an order met twice means that it was.
    if (!met.insert(aggregate.order.id).second) {
      work = OrderWork{};
      met = {aggregate.order.id};
    }
    Progress progress;
    progress.aggregate = aggregate;
    advance(progress, options_.policy, now);
    return ports_.writer.write(aggregate, std::move(progress), work);
  };
  const auto updated = co_await ports_.book.update(std::move(refs), decide);
  if (updated) {
    spdlog::debug("swept {} orders of which something was due", due.size());
    co_await ports_.finisher.try_to_finish(std::move(work), std::move(generation));
    co_return true;
  }
  spdlog::warn("{} orders that are due wait: {}", due.size(), updated.error().detail);
  if (updated.error().kind != PortErrorKind::constraint || due.size() == 1) co_return false;
  // One order that the book refuses must not stop the others.
  const auto middle = due.begin() + static_cast<std::ptrdiff_t>(due.size() / 2);
  std::vector<OrderId> second(middle, due.end());
  due.erase(middle, due.end());
  const bool first_done = co_await bring_on(std::move(due));
  const bool second_done = co_await bring_on(std::move(second));
  co_return first_done&& second_done;
}

boost::asio::awaitable<void> Sweep::release_stock() {
  if (HF_DEFECT(forget_releases)) co_return;
  if (!ports_.ledger.connected()) co_return;
  const auto before = ports_.clock.now() - limits::kSweepGrace;
  const auto generation = ports_.release.generation();
  auto refunds = co_await ports_.book.unreleased_refunds(before, limits::kSweepBatch);
  if (refunds && !refunds->empty()) {
    const auto released = co_await ports_.release.release(std::move(*refunds), generation);
    if (released != 0) spdlog::info("swept the stock of {} refunds back on sale", released);
  }
  auto orders = co_await ports_.book.unreleased_orders(before, limits::kSweepBatch);
  if (orders && !orders->empty()) {
    const auto released = co_await ports_.release.release(std::move(*orders), generation);
    if (released != 0) {
      spdlog::info("swept the stock of {} cancelled orders back on sale", released);
    }
  }
}

boost::asio::awaitable<void> Sweep::resend_unsettled() {
  if (HF_DEFECT(forget_unsettled)) co_return;
  if (!ports_.guard.generation() || !ports_.bus.connected()) co_return;
  const auto state = co_await ports_.ledger.state();
  if (!state || state->unsettled == 0 || state->outbox_length != 0) co_return;
  const auto depth = co_await ports_.bus.depth(queues::orders);
  if (!depth || depth->ready != 0 || depth->consumers == 0) co_return;
  // Nothing waits in the queue and yet there are old reservations: their mark was lost, or their
  // message. Settlement tells which.
  const auto entries = co_await ports_.ledger.read_unsettled(
      ports_.clock.now() - limits::kUnsettledAge, options_.batch_max);
  if (!entries || entries->empty()) co_return;
  std::vector<OrderId> order_ids;
  for (const auto& entry : *entries) order_ids.push_back(entry.order_id);
  const auto parked = co_await ports_.book.parked_orders(std::move(order_ids));
  if (!parked) co_return;
  std::vector<codec::OutgoingOrder> orders;
  for (const auto& entry : *entries) {
    // What is parked is the operator's.
    const bool is_parked =
        std::find(parked->begin(), parked->end(), entry.order_id) != parked->end();
    if (!is_parked) orders.push_back({"", entry.payload});
  }
  if (orders.empty()) co_return;
  std::vector<OutgoingMessage> messages(1);
  messages[0].queue = queues::orders;
  messages[0].id = MessageId{ports_.ids.next()};
  messages[0].body = codec::orders_message(orders);
  const auto published = co_await ports_.bus.publish(std::move(messages));
  if (published) spdlog::info("sent {} unsettled orders again", orders.size());
}

}  // namespace holdfast::flows
