#include "flows/event_teller.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
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

/// Publishes one event of each topic and asks with it who listens. Returns the topics that somebody
/// listens to; unset: not known of some.
boost::asio::awaitable<std::optional<std::set<std::string>>> publish_firsts(
    MessageBus& bus, std::vector<OutgoingMessage> firsts) {
  std::vector<std::string> topics;
  std::vector<boost::asio::awaitable<Told>> calls;
  for (auto& first : firsts) {
    HF_ASSERT(first.topic.has_value());
    topics.push_back(*first.topic);
    first.needs_listener = true;
    calls.push_back(publish(bus, one_of(std::move(first))));
  }
  const auto told = co_await async::gather(std::move(calls));
  std::set<std::string> heard;
  for (std::size_t i = 0; i < topics.size(); ++i) {
    if (told[i] == Told::unknown) co_return std::nullopt;
    if (told[i] != Told::nobody_listens) heard.insert(std::move(topics[i]));
  }
  co_return heard;
}

boost::asio::awaitable<bool> publish_rest(MessageBus& bus, std::vector<OutgoingMessage> events) {
  if (events.empty()) co_return true;
  const auto rest = co_await publish(bus, events);
  if (rest != Told::refused) co_return rest == Told::all;
  // One of them was refused; what became of the others, each says for itself.
  for (auto& event : events) {
    if (co_await publish(bus, one_of(std::move(event))) == Told::unknown) co_return false;
  }
  co_return true;
}

}  // namespace

boost::asio::awaitable<bool> publish_events(MessageBus& bus, std::vector<OutgoingMessage> events) {
  std::set<std::string> topics;
  std::vector<OutgoingMessage> firsts;
  std::vector<OutgoingMessage> rest;
  for (auto& event : events) {
    const bool is_first = topics.insert(event.topic.value()).second;
    (is_first ? firsts : rest).push_back(std::move(event));
  }
  const auto heard = co_await publish_firsts(bus, std::move(firsts));
  if (!heard) co_return false;
  std::erase_if(rest,
                [&heard](const OutgoingMessage& event) { return !heard->contains(*event.topic); });
  co_return co_await publish_rest(bus, std::move(rest));
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

boost::asio::awaitable<bool> EventTeller::tell_at_once(const std::vector<Settled>& settled) {
  std::map<std::string_view, const Order*> first_of;
  std::vector<OutgoingMessage> firsts;
  for (const auto& order : settled) {
    for (const auto type : writer_.types_of_settlement(*order)) {
      if (!first_of.emplace(type, order.get()).second) continue;
      firsts.push_back(message_of(writer_.of_settlement(type, *order)));
    }
  }
  const auto heard = co_await publish_firsts(bus_, std::move(firsts));
  if (!heard) co_return false;
  std::vector<OutgoingMessage> rest;
  for (const auto& order : settled) {
    if (heard->empty()) break;
    for (const auto type : writer_.types_of_settlement(*order)) {
      if (first_of.at(type) == order.get() || !heard->contains(std::string(type))) continue;
      rest.push_back(message_of(writer_.of_settlement(type, *order)));
    }
  }
  co_return co_await publish_rest(bus_, std::move(rest));
}

boost::asio::awaitable<void> EventTeller::tell(std::vector<Settled> settled) {
  if (clock_.now() >= by_book_until_ && co_await tell_at_once(settled)) co_return;
  if (clock_.now() >= by_book_until_) by_book_until_ = clock_.now() + limits::kEventsByBook;
  for (const auto& order : settled) {
    const auto events = writer_.of_settlement(*order);
    for (bool is_kept = events.empty(); !is_kept;) {
      const auto kept = co_await keep_events(book_, order->id, events);
      is_kept = kept || kept.error().kind == PortErrorKind::constraint;
      if (kept) continue;
      spdlog::warn("events of order {} are not kept: {}", order->id.to_string(),
                   kept.error().detail);
      if (!is_kept) co_await clock_.sleep(limits::kServerAwayPause);
    }
  }
}

}  // namespace holdfast::flows
