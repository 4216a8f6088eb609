#include "flows/queries.h"

#include <algorithm>
#include <utility>

#include "codec/order_json.h"
#include "flows/journaled_order.h"
#include "flows/limits.h"

namespace holdfast::flows {
namespace {

tl::unexpected<Failure> not_found() {
  Failure failure;
  failure.kind = FailureKind::not_found;
  return tl::unexpected<Failure>(std::move(failure));
}

StockView view_of(const StockRow& row, const SkuLevel& level) {
  StockView view;
  view.sku = row.sku;
  view.loaded = row.loaded;
  view.on_hand = row.on_hand();
  view.sold = row.sold;
  view.returned = row.returned;
  view.purchase_limit = row.purchase_limit;
  // The two stores are read one after the other: what is on its way between them counts as
  // reserved, so that `on_hand = available + reserved` holds in every answer.
  view.available = std::clamp<std::int64_t>(level.available.value_or(0), 0,
                                            std::max<std::int64_t>(view.on_hand, 0));
  view.reserved = view.on_hand - view.available;
  return view;
}

/// The next pause between two looks: the end is noticed late by about a quarter of the wait at
/// most.
Milliseconds longer(Milliseconds pause) {
  return std::min(pause + pause / 4, limits::kWaitPollMax);
}

}  // namespace

boost::asio::awaitable<Outcome<OrderAggregate>> Queries::order(OrderId order_id) {
  auto found = co_await ports_.book.find_order(order_id);
  if (found && *found) co_return std::move(**found);
  auto journaled = co_await journaled_order(ports_.ledger, order_id);
  if (!journaled) {
    if (!found) co_return unavailable_book(found.error());
    co_return unavailable_ledger(journaled.error());
  }
  if (*journaled) {
    OrderAggregate aggregate;
    aggregate.order = std::move(**journaled);
    if (found) {
      // Settled between the two looks, or not yet: the book decides, refunds included.
      auto again = co_await ports_.book.find_order(order_id);
      if (again && *again) co_return std::move(**again);
      RefundFilter filter;
      filter.order_id = order_id;
      PageRequest page;
      page.limit = limits::kRefundsOfOneOrder;
      auto refunds = co_await ports_.book.list_refunds(filter, std::move(page));
      if (refunds) aggregate.refunds = std::move(refunds->items);
    }
    co_return aggregate;
  }
  if (!found) co_return unavailable_book(found.error());
  co_return not_found();
}

boost::asio::awaitable<Outcome<OrderAggregate>> Queries::wait_for_order(OrderId order_id,
                                                                        Milliseconds wait) {
  const auto until = ports_.clock.now() + wait;
  auto pause = limits::kWaitPollFirst;
  for (;;) {
    auto found = co_await order(order_id);
    const auto now = ports_.clock.now();
    if (!found || is_final(found->order.status) || now >= until) co_return found;
    co_await ports_.clock.sleep(std::min<Milliseconds>(pause, until - now));
    pause = longer(pause);
  }
}

boost::asio::awaitable<Outcome<Page<OrderAggregate>>> Queries::list_orders(OrderFilter filter,
                                                                           PageRequest page) {
  auto found = co_await ports_.book.list_orders(std::move(filter), std::move(page));
  if (!found) co_return unavailable_book(found.error());
  co_return std::move(*found);
}

boost::asio::awaitable<Outcome<Refund>> Queries::refund(RefundId refund_id) {
  auto found = co_await ports_.book.find_refund(refund_id);
  if (!found) co_return unavailable_book(found.error());
  if (!*found) co_return not_found();
  co_return std::move(**found);
}

boost::asio::awaitable<Outcome<Refund>> Queries::wait_for_refund(RefundId refund_id,
                                                                 Milliseconds wait) {
  const auto until = ports_.clock.now() + wait;
  auto pause = limits::kWaitPollFirst;
  for (;;) {
    auto found = co_await refund(refund_id);
    const auto now = ports_.clock.now();
    if (!found || is_final(found->status) || now >= until) co_return found;
    co_await ports_.clock.sleep(std::min<Milliseconds>(pause, until - now));
    pause = longer(pause);
  }
}

boost::asio::awaitable<Outcome<Page<Refund>>> Queries::list_refunds(RefundFilter filter,
                                                                    PageRequest page) {
  auto found = co_await ports_.book.list_refunds(filter, std::move(page));
  if (!found) co_return unavailable_book(found.error());
  co_return std::move(*found);
}

boost::asio::awaitable<Outcome<StockView>> Queries::stock(Sku sku) {
  auto row = co_await ports_.book.find_stock(sku);
  if (!row) co_return unavailable_book(row.error());
  if (!*row) co_return not_found();
  std::vector<Sku> skus{std::move(sku)};
  const auto levels = co_await ports_.ledger.levels(std::move(skus));
  if (!levels) co_return unavailable_ledger(levels.error());
  co_return view_of(**row, levels->front());
}

boost::asio::awaitable<Outcome<Page<StockView>>> Queries::list_stock(PageRequest page) {
  auto rows = co_await ports_.book.list_stock(std::move(page));
  if (!rows) co_return unavailable_book(rows.error());
  std::vector<Sku> skus;
  for (const auto& row : rows->items) skus.push_back(row.sku);
  Page<StockView> views;
  views.next_cursor = std::move(rows->next_cursor);
  if (skus.empty()) co_return views;
  const auto levels = co_await ports_.ledger.levels(std::move(skus));
  if (!levels) co_return unavailable_ledger(levels.error());
  for (std::size_t i = 0; i < rows->items.size(); ++i) {
    views.items.push_back(view_of(rows->items[i], (*levels)[i]));
  }
  co_return views;
}

boost::asio::awaitable<Outcome<Page<JournalRow>>> Queries::stock_journal(Sku sku,
                                                                         PageRequest page) {
  const auto row = co_await ports_.book.find_stock(sku);
  if (!row) co_return unavailable_book(row.error());
  if (!*row) co_return not_found();
  auto found = co_await ports_.book.list_stock_journal(std::move(sku), std::move(page));
  if (!found) co_return unavailable_book(found.error());
  co_return std::move(*found);
}

boost::asio::awaitable<Outcome<PointsRow>> Queries::points(UserId user_id) {
  auto found = co_await ports_.book.find_points(std::move(user_id), limits::kPointsMovements);
  if (!found) co_return unavailable_book(found.error());
  co_return std::move(*found);
}

}  // namespace holdfast::flows
