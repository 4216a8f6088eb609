#include "flows/journaled_order.h"

#include <utility>

#include "async/gather.h"
#include "codec/order_json.h"

namespace holdfast::flows {
namespace {

tl::unexpected<Failure> unavailable(std::string dependency, const PortError& error) {
  Failure failure;
  failure.kind = error.kind == PortErrorKind::rejected ? FailureKind::invalid_cursor
                                                       : FailureKind::unavailable;
  failure.dependency = std::move(dependency);
  failure.detail = error.detail + " (" + std::string(to_string(error.effect)) + ")";
  return tl::unexpected<Failure>(std::move(failure));
}

}  // namespace

tl::unexpected<Failure> unavailable_book(const PortError& error) {
  return unavailable("postgres", error);
}
tl::unexpected<Failure> unavailable_ledger(const PortError& error) {
  auto failure = unavailable("redis", error);
  failure.value().kind = FailureKind::unavailable;
  return failure;
}
tl::unexpected<Failure> unavailable_bus(const PortError& error) {
  auto failure = unavailable("rabbitmq", error);
  failure.value().kind = FailureKind::unavailable;
  return failure;
}

boost::asio::awaitable<PortResult<std::optional<Order>>> journaled_order(StockLedger& ledger,
                                                                         OrderId order_id) {
  const auto entry = co_await ledger.find_journal(order_id);
  if (!entry) co_return tl::unexpected(entry.error());
  std::optional<Order> order;
  if (*entry) {
    auto placed = codec::placed_order_from_payload((*entry)->payload);
    if (placed) order = std::move(placed->order);
  }
  co_return order;
}

boost::asio::awaitable<std::vector<PortResult<std::optional<Order>>>> journaled_orders(
    StockLedger& ledger, std::vector<OrderId> order_ids) {
  std::vector<boost::asio::awaitable<PortResult<std::optional<Order>>>> lookups;
  lookups.reserve(order_ids.size());
  for (const auto& order_id : order_ids) lookups.push_back(journaled_order(ledger, order_id));
  co_return co_await async::gather(std::move(lookups));
}

}  // namespace holdfast::flows
