#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "async/completion.h"
#include "ports/order_book.h"

namespace holdfast::flows {

/// Asks the book whether an id that a client chose is an order's already: the journal forgets
/// after its retention, the book does not. What gathers while one look is on its way goes out as
/// the next, so the cost per order stays small. One per API loop.
class RepeatLookup {
 public:
  /// Whether the book has the order; unset while PostgreSQL is away.
  using Answer = std::shared_ptr<async::Completion<std::optional<bool>>>;

  explicit RepeatLookup(OrderBook& book) : book_(book) {}

  Answer begin(OrderId order_id);
  /// Looks until the loop ends. Run it once.
  boost::asio::awaitable<void> run();

 private:
  OrderBook& book_;
  std::vector<std::pair<OrderId, Answer>> pending_;
  async::Signal work_;
};

}  // namespace holdfast::flows
