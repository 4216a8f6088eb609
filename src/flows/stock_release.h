#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "flows/order_work.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// What gives the units of a cancelled order back: under its reservation's id, so that it is done
/// once whoever does it.
GiveBack give_back_of(const Order& cancelled, Milliseconds journal_retention);
GiveBack give_back_of(const OrderBook::Unreleased& refund);

/// Gives stock back to the ledger once the book has it, and notes in the book that it did.
/// One per loop.
class StockRelease {
 public:
  StockRelease(StockLedger& ledger, OrderBook& book, Milliseconds journal_retention)
      : ledger_(ledger), book_(book), journal_retention_(journal_retention) {}

  /// Both return how many the ledger has; the others are left to the sweep.
  boost::asio::awaitable<std::size_t> release(std::vector<OrderBook::Unreleased> refunds);
  boost::asio::awaitable<std::size_t> release(std::vector<Order> cancelled);

 private:
  boost::asio::awaitable<std::vector<bool>> give_back(std::vector<GiveBack> changes);

  StockLedger& ledger_;  // HELD NOT OWNED
  OrderBook& book_;      // HELD NOT OWNED
  Milliseconds journal_retention_;
};

/// Does what a committed change of orders leaves to be done: messages confirmed, then stock to the
/// ledger. One per loop.
class OrderFinisher {
 public:
  OrderFinisher(MessageBus& bus, Clock& clock, StockRelease& release)
      : bus_(bus), clock_(clock), release_(release) {}

  /// Returns when all messages are confirmed, however long that takes.
  boost::asio::awaitable<void> finish(OrderWork work);
  /// Tries once: what is not confirmed is left to the sweep. For callers that somebody waits for.
  boost::asio::awaitable<void> try_to_finish(OrderWork work);

 private:
  boost::asio::awaitable<void> give_back(OrderWork work);

  MessageBus& bus_;        // HELD NOT OWNED
  Clock& clock_;           // HELD NOT OWNED
  StockRelease& release_;  // HELD NOT OWNED
};

}  // namespace holdfast::flows
