#include <tuple>

#include "adapters/embedded/order_book_jobs.h"
#include "adapters/embedded/order_book_page.h"
#include "adapters/embedded/order_book_rows.h"
#include "adapters/embedded/order_book_sql.h"

namespace holdfast::embedded::book {
namespace {

using sqlite::Rows;

/// A SKU's orders are read from its journal, unless the user or the status says more closely where
/// to look. Nearly all orders are completed: a list of those is read by time.
std::string_view list_query(const OrderFilter& filter) {
  const bool few_by_status = filter.status && *filter.status != OrderStatus::completed;
  if (filter.user_id) return sql::kListOrdersOfUser;
  if (few_by_status) return sql::kListOrdersByStatus;
  return filter.sku ? sql::kListOrdersOfSku : sql::kListOrders;
}

std::vector<Order> read_list(Session& session, const OrderFilter& filter, const PageRequest& page) {
  auto before = begin_of(page, kOrdersList);
  // The end of the span is exclusive, and so before every order of that moment.
  if (filter.placed_before && *filter.placed_before <= before.at) {
    before = Before{*filter.placed_before, {}};
  }
  const auto from = filter.placed_after.value_or(Instant::min());
  const auto status = filter.status ? std::optional(to_string(*filter.status)) : std::nullopt;
  const auto query = list_query(filter);
  const auto limit = read_limit(page);
  if (query == sql::kListOrdersOfUser) {
    return read_all<Order>(
        session.query(query, from, before.at, before.id, limit, status, filter.sku, filter.user_id),
        read_order);
  }
  return read_all<Order>(
      session.query(query, from, before.at, before.id, limit, status, filter.sku), read_order);
}

OrderId read_order_id(Rows& row) {
  return row.take<OrderId>();
}

std::vector<OrderId> those_found(Session& session, std::string_view query,
                                 const std::vector<OrderId>& order_ids) {
  std::vector<OrderId> found;
  for (const auto& order_id : order_ids) {
    if (session.first<bool>(query, order_id)) found.push_back(order_id);
  }
  return found;
}

}  // namespace

std::optional<OrderAggregate> find_order(Session& session, const OrderId& order_id) {
  auto order = read_first<Order>(session.query(sql::kFindOrder, order_id), read_order);
  if (!order) return std::nullopt;
  return OrderAggregate{std::move(*order), refunds_of(session, order_id)};
}

std::vector<OrderId> known_orders(Session& session, const std::vector<OrderId>& order_ids) {
  return those_found(session, sql::kKnownOrder, order_ids);
}

std::vector<OrderId> parked_orders(Session& session, const std::vector<OrderId>& order_ids) {
  return those_found(session, sql::kParkedOrder, order_ids);
}

Page<OrderAggregate> list_orders(Session& session, const OrderFilter& filter,
                                 const PageRequest& page) {
  auto orders = page_of(read_list(session, filter, page), page, [](const Order& order) {
    return codec::encode_cursor({kOrdersList, order.placed_at, order.id.to_string()});
  });
  Page<OrderAggregate> result;
  result.next_cursor = std::move(orders.next_cursor);
  for (auto& order : orders.items) {
    auto refunds = refunds_of(session, order.id);
    result.items.push_back({std::move(order), std::move(refunds)});
  }
  return result;
}

std::vector<OrderId> due_orders(Session& session, Instant now, std::size_t limit) {
  return read_all<OrderId>(session.query(sql::kDueOrders, now, limit), read_order_id);
}

std::vector<Order> unreleased_orders(Session& session, Instant placed_before, std::size_t limit) {
  return read_all<Order>(session.query(sql::kUnreleasedOrders, placed_before, limit), read_order);
}

void mark_orders_released(Session& session, const std::vector<OrderId>& order_ids) {
  for (const auto& order_id : order_ids) session.run(sql::kMarkOrderReleased, order_id);
}

}  // namespace holdfast::embedded::book
