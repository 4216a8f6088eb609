#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "flows/failure.h"
#include "ports/clock.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// A SKU over both stores; `reserved` is `on_hand - available`.
struct StockView {
  Sku sku;
  std::int64_t loaded = 0;
  std::int64_t available = 0;
  std::int64_t reserved = 0;
  std::int64_t on_hand = 0;
  std::int64_t sold = 0;
  std::int64_t returned = 0;
  std::optional<std::int64_t> purchase_limit;
};

/// Reads for the API: from the book, and from the journal where the book has not got it yet or is
/// away.
class Queries {
 public:
  struct Ports {
    StockLedger& ledger;
    OrderBook& book;
    Clock& clock;
  };
  explicit Queries(Ports ports) : ports_(ports) {}

  boost::asio::awaitable<Outcome<OrderAggregate>> order(OrderId order_id);
  /// Resumes when the order is final or `wait` has passed, with the order as it stands then.
  boost::asio::awaitable<Outcome<OrderAggregate>> wait_for_order(OrderId order_id,
                                                                 Milliseconds wait);
  boost::asio::awaitable<Outcome<Page<OrderAggregate>>> list_orders(OrderFilter filter,
                                                                    PageRequest page);
  boost::asio::awaitable<Outcome<Refund>> refund(RefundId refund_id);
  boost::asio::awaitable<Outcome<Refund>> wait_for_refund(RefundId refund_id, Milliseconds wait);
  boost::asio::awaitable<Outcome<Page<Refund>>> list_refunds(RefundFilter filter, PageRequest page);
  boost::asio::awaitable<Outcome<StockView>> stock(Sku sku);
  boost::asio::awaitable<Outcome<Page<StockView>>> list_stock(PageRequest page);
  boost::asio::awaitable<Outcome<Page<JournalRow>>> stock_journal(Sku sku, PageRequest page);
  boost::asio::awaitable<Outcome<PointsRow>> points(UserId user_id);

 private:
  Ports ports_;
};

}  // namespace holdfast::flows
