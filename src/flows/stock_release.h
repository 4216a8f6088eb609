#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "flows/ledger_guard.h"
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
  StockRelease(StockLedger& ledger, OrderBook& book, LedgerGuard& guard,
               Milliseconds journal_retention)
      : ledger_(ledger), book_(book), guard_(guard), journal_retention_(journal_retention) {}

  /// The guard's: to be taken before the book is asked what is to be released, or is given it.
  [[nodiscard]] std::string generation() const { return guard_.known_generation(); }

  /// Both return how many the ledger has; the others are left to the sweep.
  boost::asio::awaitable<std::size_t> release(std::vector<OrderBook::Unreleased> refunds,
                                              std::string generation);
  boost::asio::awaitable<std::size_t> release(std::vector<Order> cancelled, std::string generation);

 private:
  boost::asio::awaitable<std::vector<bool>> give_back(std::vector<GiveBack> changes,
                                                      std::string generation);

  StockLedger& ledger_;  // HELD NOT OWNED
  OrderBook& book_;      // HELD NOT OWNED
  LedgerGuard& guard_;   // HELD NOT OWNED
  Milliseconds journal_retention_;
};

/// Does what a committed change of orders leaves to be done: messages confirmed, then stock to the
/// ledger. One per loop.
class OrderFinisher {
 public:
  OrderFinisher(MessageBus& bus, Clock& clock, StockRelease& release)
      : bus_(bus), clock_(clock), release_(release) {}

  /// As of StockRelease: to be taken before the change of orders is written.
  [[nodiscard]] std::string generation() const { return release_.generation(); }

  /// Returns when all messages are confirmed, however long that takes.
  boost::asio::awaitable<void> finish(OrderWork work, std::string generation);
  /// Tries once: what is not confirmed is left to the sweep. For callers that somebody waits for.
  boost::asio::awaitable<void> try_to_finish(OrderWork work, std::string generation);

 private:
  boost::asio::awaitable<void> give_back(OrderWork work, std::string generation);

  MessageBus& bus_;        // HELD NOT OWNED
  Clock& clock_;           // HELD NOT OWNED
  StockRelease& release_;  // HELD NOT OWNED
};

}  // namespace holdfast::flows
