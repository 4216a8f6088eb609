#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

namespace holdfast::psp {

struct ServerCore;

/// Answers the requests of one connection, one after the other, until it ends.
boost::asio::awaitable<void> serve_connection(std::shared_ptr<ServerCore> core,
                                              boost::asio::ip::tcp::socket socket);

}  // namespace holdfast::psp
