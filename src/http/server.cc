#include "http/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <charconv>

#include "async/tuple.h"
#include "http/connection.h"
#include "http/limits.h"
#include "http/server_core.h"

namespace holdfast::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using async::kTuple;
using boost::system::error_code;

/// Fine enough that a request is cut within its timeout, coarse enough to cost nothing.
std::chrono::milliseconds sweep_interval(const ServerOptions& options) {
  using std::chrono::milliseconds;
  return std::clamp(options.request_timeout / 16, milliseconds(10), milliseconds(1000));
}

asio::awaitable<void> sweep_regularly(std::shared_ptr<ServerCore> core) {
  while (!core->stopping || core->connections > 0) {
    core->sweep_timer.expires_after(core->sweep_every);
    const auto [error] = co_await core->sweep_timer.async_wait(kTuple);
    if (error) co_return;
    core->sweep();
  }
}

asio::awaitable<void> accept_all(std::shared_ptr<ServerCore> core) {
  constexpr std::chrono::milliseconds kPauseAfterError{100};
  while (!core->stopping) {
    auto [error, socket] = co_await core->acceptor.async_accept(kTuple);
    if (core->stopping) co_return;
    if (error) {  // out of descriptors, for one: accepting again at once would only spin
      core->accept_timer.expires_after(kPauseAfterError);
      co_await core->accept_timer.async_wait(kTuple);
      continue;
    }
    const std::size_t served = core->connections - core->turned_away;
    const bool full = served >= core->options.max_connections;
    if (full && core->turned_away >= limits::kMaxTurnedAway) continue;  // closes it
    auto connection = full ? turn_away(core, std::move(socket)) : serve(core, std::move(socket));
    asio::co_spawn(core->executor, std::move(connection), asio::detached);
  }
}

}  // namespace

ServerCore::ServerCore(asio::any_io_executor on, ServerOptions with, Services& the_services)
    : executor(on),
      options(std::move(with)),
      services(the_services),
      router(api_routes()),
      authenticator(options.keys),
      acceptor(on),
      sweep_timer(on),
      accept_timer(on),
      sweep_every(sweep_interval(options)) {
  // The random half of a fresh id; the other half counts.
  request_id_prefix_ = services.ids.next().to_string().substr(19);
}

std::string_view ServerCore::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::strftime(date_.data(), date_.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  }
  return date_.data();
}

void ServerCore::make_request_id(std::string& out) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), ++request_ids_, 16);
  out = request_id_prefix_;
  out.push_back('-');
  out.append(digits.data(), end.ptr);
}

void ServerCore::sweep() {
  const auto now = std::chrono::steady_clock::now();
  for (Expirable& connection : all) connection.sweep(now);
}

Server::Server(asio::any_io_executor executor, ServerOptions options, Services& services)
    : core_(std::make_shared<ServerCore>(std::move(executor), std::move(options), services)) {}

Server::~Server() {
  core_->stopping = true;
  error_code ignored;
  core_->acceptor.close(ignored);
  core_->sweep_timer.cancel();
  core_->accept_timer.cancel();
}

void Server::start() {
  auto& acceptor = core_->acceptor;
  acceptor.open(core_->options.listen.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  if (core_->options.share_port) {
    using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    acceptor.set_option(ReusePort(true));
  }
  acceptor.bind(core_->options.listen);
  acceptor.listen(tcp::acceptor::max_listen_connections);
  core_->port = acceptor.local_endpoint().port();
  asio::co_spawn(core_->executor, accept_all(core_), asio::detached);
  asio::co_spawn(core_->executor, sweep_regularly(core_), asio::detached);
}

asio::awaitable<void> Server::stop() {
  const std::shared_ptr<ServerCore> core = core_;
  core->stopping = true;
  error_code ignored;
  core->acceptor.close(ignored);
  core->accept_timer.cancel();
  for (Expirable& connection : core->all) connection.drain();

  constexpr std::chrono::milliseconds kLook{10};
  asio::steady_timer timer(core->executor);
  const auto until = std::chrono::steady_clock::now() + core->options.grace;
  while (core->connections > 0 && std::chrono::steady_clock::now() < until) {
    timer.expires_after(kLook);
    co_await timer.async_wait(kTuple);
  }
  for (Expirable& connection : core->all) connection.cut();
  core->sweep_timer.cancel();
}

unsigned short Server::port() const {
  return core_->port;
}

std::size_t Server::connections() const {
  return core_->connections;
}

}  // namespace holdfast::http
