#pragma once

#include <boost/asio/awaitable.hpp>

#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"

namespace holdfast::flows {

/// Publishes the events that the book keeps, oldest first, and deletes those that are confirmed:
/// each at least once, whoever dies. Any number of processes may relay. One per worker loop.
class EventRelay {
 public:
  /// `every`: between two looks for events that found less than a batch of them.
  EventRelay(OrderBook& book, MessageBus& bus, Clock& clock, Milliseconds every = kEvery)
      : book_(book), bus_(bus), clock_(clock), every_(every) {}

  /// Relays until the loop ends. Run it once.
  boost::asio::awaitable<void> run();
  /// Returns how many were published.
  boost::asio::awaitable<std::size_t> relay_once();

 private:
  static constexpr Milliseconds kEvery{200};

  OrderBook& book_;  // HELD NOT OWNED
  MessageBus& bus_;  // HELD NOT OWNED
  Clock& clock_;     // HELD NOT OWNED
  Milliseconds every_;
};

}  // namespace holdfast::flows
