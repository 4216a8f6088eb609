#include "psp/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "async/tuple.h"
#include "psp/connection.h"
#include "psp/limits.h"
#include "psp/server_core.h"

namespace holdfast::psp {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using async::kTuple;

asio::awaitable<void> accept_all(std::shared_ptr<ServerCore> core) {
  asio::steady_timer timer(core->executor);
  while (core->acceptor.is_open()) {
    auto [error, socket] = co_await core->acceptor.async_accept(kTuple);
    if (error) {  // out of descriptors, for one: accepting again at once would only spin
      timer.expires_after(limits::kPauseAfterAcceptError);
      co_await timer.async_wait(kTuple);
      continue;
    }
    if (core->connections >= limits::kMaxConnections) continue;  // closes it
    asio::co_spawn(core->executor, serve_connection(core, std::move(socket)), asio::detached);
  }
}

}  // namespace

Server::Server(asio::any_io_executor executor, ServerOptions options)
    : core_(std::make_shared<ServerCore>(std::move(executor), options)),
      listen_(std::move(options.listen)) {}

Server::~Server() {
  boost::system::error_code ignored;
  core_->acceptor.close(ignored);
}

void Server::start() {
  auto& acceptor = core_->acceptor;
  acceptor.open(listen_.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(listen_);
  acceptor.listen(tcp::acceptor::max_listen_connections);
  listen_.port(acceptor.local_endpoint().port());
  asio::co_spawn(core_->executor, accept_all(core_), asio::detached);
}

unsigned short Server::port() const {
  return listen_.port();
}

Totals Server::totals() const {
  return core_->provider.totals();
}

}  // namespace holdfast::psp
