#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <vector>

#include "flows/failure.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// `postgres` is away, as a failure of a flow.
tl::unexpected<Failure> unavailable_book(const PortError& error);
/// `redis` is away, as a failure of a flow.
tl::unexpected<Failure> unavailable_ledger(const PortError& error);
/// `rabbitmq` is away, as a failure of a flow.
tl::unexpected<Failure> unavailable_bus(const PortError& error);

/// The order as the journal has it; unset: not there, or restored without content.
boost::asio::awaitable<PortResult<std::optional<Order>>> journaled_order(StockLedger& ledger,
                                                                         OrderId order_id);
/// The same of many, asked for at once.
boost::asio::awaitable<std::vector<PortResult<std::optional<Order>>>> journaled_orders(
    StockLedger& ledger, std::vector<OrderId> order_ids);

}  // namespace holdfast::flows
