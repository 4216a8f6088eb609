#pragma once

#include <string>
#include <vector>

#include "domain/progress.h"
#include "flows/events.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"

namespace holdfast::flows {

/// What a change of orders leaves to be done once it is committed.
struct OrderWork {
  std::vector<OutgoingMessage> messages;
  std::vector<OrderBook::Unreleased> refunds;  ///< whose stock goes back to the ledger
  std::vector<Order> cancelled;                ///< likewise
};

/// Turns decisions about orders into what the book writes and what is left to be done after it.
/// One per loop, shared by the flows.
class OrderWriter {
 public:
  OrderWriter(Clock& clock, Ids& ids, EventWriter events)
      : clock_(clock), ids_(ids), events_(std::move(events)) {}

  /// `before` is the aggregate as it was loaded. May be called again when a transaction is
  /// repeated, with `work` emptied before.
  OrderChange write(const OrderAggregate& before, Progress progress, OrderWork& work) const;

  /// The message that brings a step on.
  [[nodiscard]] OutgoingMessage message_of(const Dispatch& dispatch) const;
  [[nodiscard]] const EventWriter& events() const { return events_; }

 private:
  [[nodiscard]] ParkedMessage parked_row(const Order& order, const StepParking& parking) const;

  Clock& clock_;  // HELD NOT OWNED
  Ids& ids_;      // HELD NOT OWNED
  EventWriter events_;
};

/// Names the trouble of an action, so that it is parked once.
std::string parked_subject(const StepAction& action);

}  // namespace holdfast::flows
