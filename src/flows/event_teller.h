#pragma once

#include <boost/asio/awaitable.hpp>
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
  struct OrderEvents {
    OrderId order_id;
    std::vector<Event> events;
  };

  EventTeller(OrderBook& book, MessageBus& bus, Clock& clock)
      : book_(book), bus_(bus), clock_(clock) {}

  /// Returns once each event is told or kept.
  boost::asio::awaitable<void> tell(std::vector<OrderEvents> told);

 private:
  OrderBook& book_;  // HELD NOT OWNED
  MessageBus& bus_;  // HELD NOT OWNED
  Clock& clock_;     // HELD NOT OWNED
  /// Until then RabbitMQ is not asked: it has just kept somebody waiting.
  Instant by_book_until_{};
};

}  // namespace holdfast::flows
