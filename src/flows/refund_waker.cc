#include "flows/refund_waker.h"

#include <spdlog/spdlog.h>

#include <iterator>
#include <map>
#include <utility>

#include "flows/outgoing.h"

namespace holdfast::flows {

boost::asio::awaitable<bool> RefundWaker::wake(codec::RefundWake refund,
                                               std::optional<Milliseconds> delay) {
  auto done = std::make_shared<async::Completion<End>>();
  pending_.push_back(Pending{refund, delay, done});
  work_.raise();
  const auto end = co_await done->wait();
  if (end.thrown) std::rethrow_exception(end.thrown);
  co_return end.confirmed;
}

boost::asio::awaitable<RefundWaker::End> RefundWaker::publish(
    std::vector<OutgoingMessage> messages) {
  try {
    const auto published = co_await bus_.publish(std::move(messages));
    if (!published) {
      spdlog::warn("wake-ups of refunds wait for the sweep: {}", published.error().detail);
    }
    co_return End{published.has_value(), nullptr};
  } catch (...) {
    co_return End{false, std::current_exception()};
  }
}

boost::asio::awaitable<void> RefundWaker::run() {
  for (;;) {
    co_await work_.wait();
    while (!pending_.empty()) {
      const auto round = std::exchange(pending_, {});
      auto messages = messages_of(round);
      const auto end = co_await publish(std::move(messages));
      for (const auto& pending : round) pending.done->set(end);
    }
  }
}

std::vector<OutgoingMessage> RefundWaker::messages_of(const std::vector<Pending>& round) const {
  std::map<std::optional<Milliseconds>, std::vector<codec::RefundWake>> by_delay;
  for (const auto& pending : round) by_delay[pending.delay].push_back(pending.refund);
  std::vector<OutgoingMessage> messages;
  for (const auto& [delay, refunds] : by_delay) {
    auto some = refund_wakes(ids_, refunds, delay);
    std::move(some.begin(), some.end(), std::back_inserter(messages));
  }
  return messages;
}

}  // namespace holdfast::flows
