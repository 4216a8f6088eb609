#include "flows/event_teller.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "async/gather.h"
#include "domain/assert.h"
#include "flows/limits.h"

namespace holdfast::flows {
namespace {

std::vector<OutgoingMessage> one_of(OutgoingMessage message) {
  std::vector<OutgoingMessage> one;
  one.push_back(std::move(message));
  return one;
}

enum class Told { all, nobody_listens, refused, unknown };

boost::asio::awaitable<Told> publish(MessageBus& bus, std::vector<OutgoingMessage> events) {
  const bool asks = events.front().needs_listener;
  const auto published = co_await bus.publish(std::move(events));
  if (published) co_return Told::all;
  const auto& error = published.error();
  if (error.kind == PortErrorKind::rejected) {
    if (asks && error.effect == Effect::none) co_return Told::nobody_listens;
    spdlog::warn("a listener refuses events: {}", error.detail);
    co_return Told::refused;
  }
  spdlog::warn("events wait for RabbitMQ: {}", error.detail);
  co_return Told::unknown;
}

}  // namespace

boost::asio::awaitable<bool> publish_events(MessageBus& bus, std::vector<OutgoingMessage> events) {
  std::vector<std::string> topics;
  std::vector<boost::asio::awaitable<Told>> firsts;
  for (auto& event : events) {
    HF_ASSERT(event.topic.has_value());
    if (std::find(topics.begin(), topics.end(), *event.topic) != topics.end()) continue;
    OutgoingMessage first = event;
    first.needs_listener = true;
    firsts.push_back(publish(bus, one_of(std::move(first))));
    topics.push_back(*std::exchange(event.topic, std::nullopt));
  }
  const auto told = co_await async::gather(std::move(firsts));
  if (std::find(told.begin(), told.end(), Told::unknown) != told.end()) co_return false;
  std::map<std::string, bool> is_heard;
  for (std::size_t i = 0; i < topics.size(); ++i) {
    is_heard[topics[i]] = told[i] != Told::nobody_listens;
  }
  std::erase_if(events, [&is_heard](const OutgoingMessage& event) {
    return !event.topic || !is_heard.at(*event.topic);
  });
  if (events.empty()) co_return true;
  const auto rest = co_await publish(bus, events);
  if (rest != Told::refused) co_return rest == Told::all;
  // One of them was refused; what became of the others, each says for itself.
  for (auto& event : events) {
    if (co_await publish(bus, one_of(std::move(event))) == Told::unknown) co_return false;
  }
  co_return true;
}

boost::asio::awaitable<PortResult<void>> keep_events(OrderBook& book, OrderId order_id,
                                                     std::vector<Event> events) {
  std::vector<OrderRef> refs(1);
  refs[0].order_id = order_id;
  const OrderDecision decide = [&events](const OrderAggregate&) {
    OrderChange change;
    change.events = events;
    return change;
  };
  const auto updated = co_await book.update(std::move(refs), decide);
  if (!updated) co_return tl::unexpected(updated.error());
  co_return PortResult<void>{};
}

boost::asio::awaitable<void> EventTeller::tell(std::vector<OrderEvents> told) {
  std::vector<OutgoingMessage> messages;
  for (const auto& one : told) {
    for (const auto& event : one.events) messages.push_back(message_of(event));
  }
  if (messages.empty()) co_return;
  if (clock_.now() >= by_book_until_ && co_await publish_events(bus_, std::move(messages))) {
    co_return;
  }
  if (clock_.now() >= by_book_until_) by_book_until_ = clock_.now() + limits::kEventsByBook;
  for (const auto& one : told) {
    for (bool settled = false; !settled;) {
      const auto kept = co_await keep_events(book_, one.order_id, one.events);
      settled = kept || kept.error().kind == PortErrorKind::constraint;
      if (kept) continue;
      spdlog::warn("events of order {} are not kept: {}", one.order_id.to_string(),
                   kept.error().detail);
      if (!settled) co_await clock_.sleep(limits::kServerAwayPause);
    }
  }
}

}  // namespace holdfast::flows
