#include "adapters/postgres/page.h"
#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Deadline;
using postgres::Parameters;

namespace {

constexpr char kOrdersList = 'o';

Parameters ids_of(const std::vector<OrderId>& order_ids) {
  Parameters parameters;
  parameters.add(postgres::column_of(order_ids));
  return parameters;
}

std::vector<OrderId> read_order_ids(const postgres::Result& result) {
  return postgres::read_all<OrderId>(result,
                                     [](postgres::RowReader& row) { return row.get<OrderId>(); });
}

std::vector<Order> read_orders(const postgres::Result& result) {
  return postgres::read_all<Order>(result, postgres::read_order);
}

template <class Session>
boost::asio::awaitable<std::optional<OrderAggregate>> find_once(Session& session, OrderId order_id,
                                                                Deadline deadline) {
  Parameters ids;
  ids.add(postgres::column_of(std::vector<OrderId>{order_id}));
  // In this order, a refund that is missing cannot be one that the order already counts.
  postgres::Pipeline pipeline;
  pipeline.add(statements::find_orders, ids);
  pipeline.add(statements::refunds_of_orders, std::move(ids));
  pipeline.end_transaction(false);
  auto lease = co_await session.acquire(deadline);
  const auto results = co_await lease->run(pipeline, deadline);
  auto found =
      postgres::join_refunds(postgres::read_all<Order>(results[0], postgres::read_order),
                             postgres::read_all<Refund>(results[1], postgres::read_refund));
  if (found.empty()) co_return std::nullopt;
  co_return std::move(found.front());
}

/// A SKU's orders are read from its journal, unless the user or the status says more closely where
/// to look.
bool reads_journal(const OrderFilter& filter) {
  const bool few_by_status = filter.status && *filter.status != OrderStatus::completed;
  return filter.sku && !filter.user_id && !few_by_status;
}

postgres::ListQuery list_query(const OrderFilter& filter, const PageRequest& page) {
  postgres::ListQuery query(reads_journal(filter) ? embedded::list_orders_of_sku_sql
                                                  : embedded::list_orders_sql);
  query.filter("user_id", filter.user_id).filter("sku", filter.sku);
  query.filter("placed_after", filter.placed_after).filter("placed_before", filter.placed_before);
  if (filter.status) query.keep("status").put("status", postgres::text_of(*filter.status));
  postgres::continue_after(query, page, kOrdersList);
  return query;
}

template <class Session>
boost::asio::awaitable<Page<OrderAggregate>> list_once(Session& session, const OrderFilter& filter,
                                                       const PageRequest& page, Deadline deadline) {
  auto query = list_query(filter, page);
  const auto found = co_await session.read(std::move(query), deadline);
  auto orders =
      page_of(postgres::read_all<Order>(found, postgres::read_order), page, [](const Order& order) {
        return codec::encode_cursor({kOrdersList, order.placed_at, order.id.to_string()});
      });
  std::vector<OrderId> ids;
  for (const auto& order : orders.items) ids.push_back(order.id);
  std::vector<Refund> refunds;
  if (!ids.empty()) {
    Parameters parameters;
    parameters.add(postgres::column_of(ids));
    const auto rows =
        co_await session.read(statements::refunds_of_orders, std::move(parameters), deadline);
    refunds = postgres::read_all<Refund>(rows, postgres::read_refund);
  }
  Page<OrderAggregate> result;
  result.items = postgres::join_refunds(std::move(orders.items), std::move(refunds));
  result.next_cursor = std::move(orders.next_cursor);
  co_return result;
}

}  // namespace

PostgresOrderBook::Answer<std::optional<OrderAggregate>> PostgresOrderBook::find_order(
    OrderId order_id) {
  return Session::perform<std::optional<OrderAggregate>>(
      session_, [order_id](Session& session, Deadline deadline) {
        return find_once(session, order_id, deadline);
      });
}

PostgresOrderBook::Answer<std::vector<OrderId>> PostgresOrderBook::known_orders(
    std::vector<OrderId> order_ids) {
  return Session::perform<std::vector<OrderId>>(
      session_, [order_ids = std::move(order_ids)](Session& session, Deadline deadline) {
        return session.ask(statements::known_orders, ids_of(order_ids), deadline, read_order_ids);
      });
}

PostgresOrderBook::Answer<std::vector<OrderId>> PostgresOrderBook::parked_orders(
    std::vector<OrderId> order_ids) {
  return Session::perform<std::vector<OrderId>>(
      session_, [order_ids = std::move(order_ids)](Session& session, Deadline deadline) {
        return session.ask(statements::parked_orders, ids_of(order_ids), deadline, read_order_ids);
      });
}

PostgresOrderBook::Answer<std::vector<OrderId>> PostgresOrderBook::due_orders(Instant now,
                                                                              std::size_t limit) {
  return Session::perform<std::vector<OrderId>>(
      session_, [now, limit](Session& session, Deadline deadline) {
        postgres::ListQuery query(embedded::due_orders_sql);
        query.bind("now", now);
        return session.ask(std::move(postgres::limit_to(query, limit)), deadline, read_order_ids);
      });
}

PostgresOrderBook::Answer<std::vector<Order>> PostgresOrderBook::unreleased_orders(
    Instant placed_before, std::size_t limit) {
  return Session::perform<std::vector<Order>>(
      session_, [placed_before, limit](Session& session, Deadline deadline) {
        postgres::ListQuery query(embedded::unreleased_orders_sql);
        query.bind("placed_before", placed_before);
        return session.ask(std::move(postgres::limit_to(query, limit)), deadline, read_orders);
      });
}

PostgresOrderBook::Answer<void> PostgresOrderBook::mark_orders_released(
    std::vector<OrderId> order_ids) {
  return Session::perform<void>(
      session_, [order_ids = std::move(order_ids)](Session& session, Deadline deadline) {
        return session.write(statements::mark_orders_released, ids_of(order_ids), deadline);
      });
}

PostgresOrderBook::Answer<Page<OrderAggregate>> PostgresOrderBook::list_orders(OrderFilter filter,
                                                                               PageRequest page) {
  return Session::perform<Page<OrderAggregate>>(
      session_,
      [filter = std::move(filter), page = std::move(page)](Session& session, Deadline deadline) {
        return list_once(session, filter, page, deadline);
      });
}

}  // namespace holdfast
