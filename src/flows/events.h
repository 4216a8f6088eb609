#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/refund.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"

namespace holdfast::flows {

/// What other systems are told, as CloudEvents 1.0. An event's id follows from what it tells, so
/// that one that is published twice can be recognised.
class EventWriter {
 public:
  /// `source`: `/holdfast/<namespace>`. Not `enabled`: there are none.
  EventWriter(std::string source, bool enabled) : source_(std::move(source)), enabled_(enabled) {}

  /// That an order was taken into the book, and what became of it there and then.
  [[nodiscard]] std::vector<Event> of_settlement(const Order& order) const;
  /// The types of these events, and one of them: writing them costs, and mostly nobody listens.
  [[nodiscard]] std::vector<std::string_view> types_of_settlement(const Order& order) const;
  [[nodiscard]] Event of_settlement(std::string_view type, const Order& order) const;
  /// What changed from one state of an order and its refunds to the next.
  [[nodiscard]] std::vector<Event> of_change(const OrderAggregate& before,
                                             const OrderAggregate& after, Instant now) const;

 private:
  [[nodiscard]] Event order_event(std::string_view type, const Order& order, Instant at) const;
  [[nodiscard]] Event refund_event(const std::string& type, const Refund& refund,
                                   const Order& order, Instant at) const;

  std::string source_;
  bool enabled_;
};

OutgoingMessage message_of(const Event& event);

}  // namespace holdfast::flows
