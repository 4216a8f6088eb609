#include "flows/order_updates.h"

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "flows/journaled_order.h"
#include "flows/limits.h"

namespace holdfast::flows {

boost::asio::awaitable<Outcome<bool>> OrderUpdates::update(OrderId order_id, OrderDecision decide) {
  auto done = std::make_shared<async::Completion<End>>();
  pending_.push_back(Pending{{order_id, std::nullopt}, std::move(decide), done});
  work_.raise();
  auto end = co_await done->wait();
  if (end.thrown) std::rethrow_exception(end.thrown);
  co_return end.outcome;
}

boost::asio::awaitable<void> OrderUpdates::run() {
  for (;;) {
    co_await work_.wait();
    while (!pending_.empty()) {
      auto round = next_round();
      const auto thrown = co_await attempt(round);
      if (!thrown) continue;
      if (round.size() == 1) {
        round.front().done->set({false, thrown});
      } else {
        co_await carry_out_each(std::move(round));
      }
    }
  }
}

boost::asio::awaitable<std::exception_ptr> OrderUpdates::attempt(std::vector<Pending> round) {
  try {
    co_await carry_out(std::move(round));
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

std::vector<OrderUpdates::Pending> OrderUpdates::next_round() {
  std::vector<Pending> round;
  std::deque<Pending> rest;
  std::unordered_set<OrderId> seen;
  for (auto& pending : pending_) {
    // One transaction takes an order once: a second update of it waits for the next.
    const bool fits =
        round.size() < limits::kUpdateBatch && seen.insert(pending.ref.order_id).second;
    if (fits) {
      round.push_back(std::move(pending));
    } else {
      rest.push_back(std::move(pending));
    }
  }
  pending_ = std::move(rest);
  return round;
}

boost::asio::awaitable<void> OrderUpdates::carry_out(std::vector<Pending> round) {
  std::vector<OrderRef> refs;
  std::unordered_map<OrderId, Pending*> by_order;
  for (auto& pending : round) {
    refs.push_back(pending.ref);
    by_order.emplace(pending.ref.order_id, &pending);
  }
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    return by_order.at(aggregate.order.id)->decide(aggregate);
  };
  const auto updated = co_await book_.update(std::move(refs), decide);
  if (!updated && updated.error().kind == PortErrorKind::constraint && round.size() > 1) {
    co_return co_await carry_out_each(std::move(round));
  }
  if (!updated) {
    for (auto& pending : round) pending.done->set({unavailable_book(updated.error()), nullptr});
    co_return;
  }
  for (const auto& aggregate : *updated) {
    const auto found = by_order.find(aggregate.order.id);
    found->second->done->set({true, nullptr});
  }
  std::erase_if(round, [](const Pending& pending) { return pending.done->is_set(); });
  if (!round.empty()) co_await carry_out_journaled(std::move(round));
}

boost::asio::awaitable<void> OrderUpdates::carry_out_each(std::vector<Pending> round) {
  // One update that the book refuses, or whose decision throws, must not fail the others.
  for (auto& pending : round) {
    if (pending.done->is_set()) continue;
    const auto done = pending.done;
    std::vector<Pending> alone;
    alone.push_back(std::move(pending));
    const auto thrown = co_await attempt(std::move(alone));
    if (thrown) done->set({false, thrown});
  }
}

boost::asio::awaitable<void> OrderUpdates::carry_out_journaled(std::vector<Pending> missing) {
  std::vector<OrderId> order_ids;
  order_ids.reserve(missing.size());
  for (const auto& pending : missing) order_ids.push_back(pending.ref.order_id);
  auto journaled = co_await journaled_orders(ledger_, std::move(order_ids));
  std::vector<Pending> found;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (!journaled[i]) {
      // While Redis is away nobody can say that there is no such order.
      missing[i].done->set({unavailable_ledger(journaled[i].error()), nullptr});
    } else if (!*journaled[i]) {
      missing[i].done->set({false, nullptr});
    } else {
      missing[i].ref.journaled = std::move(*journaled[i]);
      found.push_back(std::move(missing[i]));
    }
  }
  if (!found.empty()) co_await carry_out(std::move(found));
}

}  // namespace holdfast::flows
