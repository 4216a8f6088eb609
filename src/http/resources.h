#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/context.h"

// The handlers of the routes, one file per resource. Each answers one request, refusals included;
// none throws for anything a client can send. A context outlives its handler.

namespace holdfast::http {

// orders.cc
boost::asio::awaitable<Response> place_order(Context& context);
boost::asio::awaitable<Response> get_order(Context& context);
boost::asio::awaitable<Response> list_orders(Context& context);
boost::asio::awaitable<Response> report_step(Context& context);

// refunds.cc
boost::asio::awaitable<Response> request_refund(Context& context);
boost::asio::awaitable<Response> preview_refund(Context& context);
boost::asio::awaitable<Response> get_refund(Context& context);
boost::asio::awaitable<Response> list_refunds(Context& context);

// stock.cc
boost::asio::awaitable<Response> set_stock(Context& context);
boost::asio::awaitable<Response> adjust_stock(Context& context);
boost::asio::awaitable<Response> get_stock(Context& context);
boost::asio::awaitable<Response> list_stock(Context& context);
boost::asio::awaitable<Response> get_stock_journal(Context& context);

// points.cc
boost::asio::awaitable<Response> get_points(Context& context);

// parked.cc
boost::asio::awaitable<Response> list_parked(Context& context);
boost::asio::awaitable<Response> list_parked_groups(Context& context);
boost::asio::awaitable<Response> retry_parked(Context& context);
boost::asio::awaitable<Response> retry_all_parked(Context& context);
boost::asio::awaitable<Response> discard_parked(Context& context);

// reconciliation.cc
boost::asio::awaitable<Response> get_reconciliation(Context& context);
boost::asio::awaitable<Response> repair(Context& context);

// operations.cc
boost::asio::awaitable<Response> pause_worker(Context& context);
boost::asio::awaitable<Response> resume_worker(Context& context);
boost::asio::awaitable<Response> get_status(Context& context);
boost::asio::awaitable<Response> get_health(Context& context);
boost::asio::awaitable<Response> get_readiness(Context& context);
boost::asio::awaitable<Response> get_metrics(Context& context);
boost::asio::awaitable<Response> get_openapi(Context& context);

}  // namespace holdfast::http
