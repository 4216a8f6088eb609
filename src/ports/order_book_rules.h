#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/order_book.h"

namespace holdfast {

/// What every OrderBook decides alike, whatever it is made of.

/// An order as a decision gets it, and whether it is in the book.
struct StandingOrder {
  OrderAggregate aggregate;
  bool in_book = true;
};

/// All that one `update` writes.
struct OrderChanges {
  std::vector<Order> orders;
  std::vector<Refund> refunds;
  std::vector<StockMovement> stock;
  std::vector<PointsMovement> points;
  std::vector<Event> events;
  std::vector<ParkedMessage> parked;
  std::vector<std::string> unparked;
  std::vector<AuditEntry> audit;
  [[nodiscard]] bool empty() const {
    return orders.empty() && refunds.empty() && stock.empty() && points.empty() && events.empty() &&
           parked.empty() && unparked.empty() && audit.empty();
  }
};

/// Lets `decide` decide on each of `all`, collects what it wants and makes the aggregates what they
/// will be.
OrderChanges decide_all(std::vector<StandingOrder>& all, const OrderDecision& decide);

/// A change of stock as the book has it, with what was asked for.
struct StoredStockChange {
  StockChange change;
  std::optional<std::int64_t> asked_delta;
  std::optional<std::int64_t> asked_on_hand;
};

/// What the beginning of a change of stock is decided on.
struct StandingStock {
  std::optional<StoredStockChange> stored;  ///< under the change's id
  std::optional<std::int64_t> on_hand;      ///< unset: no such SKU
  /// What begun and unfinished changes will take: zero or negative.
  std::int64_t pending_taking = 0;
};

/// Only `begun` is to be written.
BeginStockChangeResult decide_stock_change(const BeginStockChange& request,
                                           const StandingStock& standing);

/// Each subject once, by subject: of several messages the latest counts, with the earliest time and
/// the most attempts.
std::vector<ParkedMessage> one_per_subject(const std::vector<ParkedMessage>& messages);

/// `items` up to the page's limit; one more was read, to see whether another page follows.
/// `cursor_of` gives the cursor that goes on after an item.
template <class T, class CursorOf>
Page<T> page_of(std::vector<T> items, const PageRequest& request, CursorOf cursor_of) {
  Page<T> page;
  page.items = std::move(items);
  if (page.items.size() <= request.limit || request.limit == 0) return page;
  page.items.resize(request.limit);
  page.next_cursor = cursor_of(page.items.back());
  return page;
}

}  // namespace holdfast
