#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

namespace holdfast::http {

struct ServerCore;

/// Answers the requests of one connection, one after the other, until it ends. Never throws.
boost::asio::awaitable<void> serve(std::shared_ptr<ServerCore> core,
                                   boost::asio::ip::tcp::socket socket);

/// Tells one client that there are too many connections.
boost::asio::awaitable<void> turn_away(std::shared_ptr<ServerCore> core,
                                       boost::asio::ip::tcp::socket socket);

}  // namespace holdfast::http
