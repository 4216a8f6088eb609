#include "flows/repeat_lookup.h"

#include <unordered_set>

namespace holdfast::flows {

RepeatLookup::Answer RepeatLookup::begin(OrderId order_id) {
  auto answer = std::make_shared<async::Completion<std::optional<bool>>>();
  pending_.emplace_back(order_id, answer);
  work_.raise();
  return answer;
}

boost::asio::awaitable<void> RepeatLookup::run() {
  for (;;) {
    co_await work_.wait();
    while (!pending_.empty()) {
      const auto round = std::exchange(pending_, {});
      std::vector<OrderId> order_ids;
      order_ids.reserve(round.size());
      for (const auto& [order_id, answer] : round) order_ids.push_back(order_id);
      const auto found = co_await book_.known_orders(std::move(order_ids));
      std::unordered_set<OrderId> known;
      if (found) known.insert(found->begin(), found->end());
      for (const auto& [order_id, answer] : round) {
        answer->set(found ? std::optional<bool>(known.contains(order_id)) : std::nullopt);
      }
    }
  }
}

}  // namespace holdfast::flows
