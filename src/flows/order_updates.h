#pragma once

#include <boost/asio/awaitable.hpp>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "async/completion.h"
#include "flows/failure.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// Updates of single orders, one transaction for what has gathered while the last was under way.
/// One per API loop.
class OrderUpdates {
 public:
  OrderUpdates(OrderBook& book, StockLedger& ledger) : book_(book), ledger_(ledger) {}

  /// Updates an order of the book or, where the book has not got it yet, of the journal. Returns
  /// whether there is such an order; Redis being away counts only where the book has it not. On a
  /// failure the effect is as OrderBook::update says. What `decide` refers to must live until then.
  boost::asio::awaitable<Outcome<bool>> update(OrderId order_id, OrderDecision decide);

  /// Carries updates out until the loop ends. Run it once.
  boost::asio::awaitable<void> run();

 private:
  struct End {
    Outcome<bool> outcome;
    std::exception_ptr thrown;  ///< by the decision or a port: the caller's, not the loop's
  };
  struct Pending {
    OrderRef ref;
    OrderDecision decide;
    std::shared_ptr<async::Completion<End>> done;
  };

  std::vector<Pending> next_round();
  boost::asio::awaitable<void> carry_out_each(std::vector<Pending> round);
  boost::asio::awaitable<std::exception_ptr> attempt(std::vector<Pending> round);
  boost::asio::awaitable<void> carry_out(std::vector<Pending> round);
  boost::asio::awaitable<void> carry_out_journaled(std::vector<Pending> missing);

  OrderBook& book_;
  StockLedger& ledger_;
  std::deque<Pending> pending_;
  async::Signal work_;
};

}  // namespace holdfast::flows
