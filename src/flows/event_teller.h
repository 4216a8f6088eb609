#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "flows/events.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"

namespace holdfast::flows {

/// Publishes events; false when it is not known of some whether they were told, and they may be
/// published again. The first of each type asks whether anybody listens to it; where nobody does,
/// the others are told to nobody without being sent. One that a listener's queue refuses (it is
/// full, and its owner wants it so) counts as told.
boost::asio::awaitable<bool> publish_events(MessageBus& bus, std::vector<OutgoingMessage> events);

/// Keeps events of an order in the book, for the relay. Those it keeps already stay once.
boost::asio::awaitable<PortResult<void>> keep_events(OrderBook& book, OrderId order_id,
                                                     std::vector<Event> events);

/// Tells others what became of settled orders: at once where RabbitMQ takes it, else by way of the
/// book, so that no listener's trouble holds up a settlement. One per worker loop.
class EventTeller {
 public:
  using Settled = std::shared_ptr<const Order>;

  EventTeller(OrderBook& book, MessageBus& bus, Clock& clock, const EventWriter& writer)
      : book_(book), bus_(bus), clock_(clock), writer_(writer) {}

  /// Returns once each event of these orders is told or kept.
  boost::asio::awaitable<void> tell(std::vector<Settled> settled);

 private:
  /// As `publish_events`, but writes no event that nobody listens to.
  boost::asio::awaitable<bool> tell_at_once(const std::vector<Settled>& settled);

  OrderBook& book_;            // HELD NOT OWNED
  MessageBus& bus_;            // HELD NOT OWNED
  Clock& clock_;               // HELD NOT OWNED
  const EventWriter& writer_;  // HELD NOT OWNED
  /// Until then RabbitMQ is not asked: it has just kept somebody waiting.
  Instant by_book_until_{};
};

}  // namespace holdfast::flows
