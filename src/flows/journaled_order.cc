#include "flows/journaled_order.h"

#include <utility>

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

boost::asio::awaitable<Outcome<bool>> update_order(OrderBook& book, StockLedger& ledger,
                                                   OrderId order_id, OrderDecision decide) {
  std::vector<OrderRef> refs(1);
  refs[0].order_id = order_id;
  const auto updated = co_await book.update(refs, decide);
  if (!updated) co_return unavailable_book(updated.error());
  if (!updated->empty()) co_return true;
  auto journaled = co_await journaled_order(ledger, order_id);
  // While Redis is away nobody can say that there is no such order.
  if (!journaled) co_return unavailable_ledger(journaled.error());
  if (!*journaled) co_return false;
  refs[0].journaled = std::move(*journaled);
  const auto early = co_await book.update(std::move(refs), decide);
  if (!early) co_return unavailable_book(early.error());
  co_return true;
}

}  // namespace holdfast::flows
