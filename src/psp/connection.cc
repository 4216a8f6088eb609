#include "psp/connection.h"

#include <array>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "async/tuple.h"
#include "psp/limits.h"
#include "psp/routes.h"
#include "psp/server_core.h"

namespace holdfast::psp {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using async::kTuple;
using beast::error_code;

using Parser = http::request_parser<http::string_body>;

/// What of a request decides on the form of its answer.
struct Asked {
  unsigned version = 11;
  bool keep_alive = false;
  bool head_only = false;
};

/// What to tell a client whose bytes are no request that is taken. Unset: it is gone, or said
/// nothing.
std::optional<Reply> refusal_of(error_code error) {
  if (error == http::error::body_limit) {
    return refusal(413, "body_too_large", "a body has at most 64 KiB");
  }
  if (error == http::error::header_limit) {
    return refusal(431, "headers_too_large", "a header has at most 8 KiB");
  }
  const bool malformed = error.category() == make_error_code(http::error::bad_version).category();
  if (!malformed || error == http::error::end_of_stream || error == http::error::partial_message) {
    return std::nullopt;
  }
  return refusal(400, "invalid_request", error.message());
}

http::response<http::string_body> response_of(const Reply& reply, const Asked& asked) {
  http::response<http::string_body> response(static_cast<http::status>(reply.status),
                                             asked.version);
  if (!reply.allow.empty()) response.set(http::field::allow, reply.allow);
  response.keep_alive(asked.keep_alive);
  if (reply.body.empty()) return response;  // 204 has no length either (RFC 9110, section 8.6)
  response.set(http::field::content_type,
               reply.status < 400 ? "application/json" : "application/problem+json");
  response.body() = reply.body + "\n";
  response.prepare_payload();
  if (asked.head_only) response.body().clear();  // its length stays
  return response;
}

/// One client: its socket and buffer. Lives in the coroutine that serves it.
class Connection {
 public:
  Connection(std::shared_ptr<ServerCore> core, tcp::socket socket)
      : core_(std::move(core)), stream_(std::move(socket)) {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    ++core_->connections;
  }
  ~Connection() { --core_->connections; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  asio::awaitable<void> run() {
    bool another = true;
    while (another) another = co_await serve_one();
  }

 private:
  asio::awaitable<bool> serve_one();
  asio::awaitable<error_code> read(Parser& parser);
  asio::awaitable<bool> write(const Reply& reply, const Asked& asked);
  asio::awaitable<void> hold();
  asio::awaitable<void> linger();

  std::shared_ptr<ServerCore> core_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
};

asio::awaitable<error_code> Connection::read(Parser& parser) {
  stream_.expires_after(limits::kIdleTimeout);
  const auto [bad_header, header] =
      co_await http::async_read_header(stream_, buffer_, parser, kTuple);
  if (bad_header) co_return bad_header;
  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [unsent, sent] =
        co_await asio::async_write(stream_, asio::buffer(kGoOn.data(), kGoOn.size()), kTuple);
    if (unsent) co_return unsent;
  }
  stream_.expires_after(limits::kBodyTimeout);
  const auto [bad_body, body] = co_await http::async_read(stream_, buffer_, parser, kTuple);
  co_return bad_body;
}

asio::awaitable<bool> Connection::write(const Reply& reply, const Asked& asked) {
  auto response = response_of(reply, asked);
  stream_.expires_after(limits::kWriteTimeout);
  const auto [error, bytes] = co_await http::async_write(stream_, response, kTuple);
  co_return !error && asked.keep_alive;
}

/// True when another request may follow.
asio::awaitable<bool> Connection::serve_one() {
  Parser parser;
  parser.body_limit(limits::kMaxBodyBytes);
  parser.header_limit(limits::kMaxHeaderBytes);
  if (const error_code error = co_await read(parser)) {
    if (const auto refused = refusal_of(error)) {
      co_await write(*refused, {});
      co_await linger();
    }
    co_return false;
  }
  const Request request = parser.release();
  stream_.expires_never();  // the delays are the provider's own
  const Reply reply = co_await answer(core_, request);
  if (reply.manner == Manner::hold) co_await hold();
  if (reply.manner != Manner::answer) co_return false;
  const Asked asked{request.version(), request.keep_alive(), request.method() == http::verb::head};
  co_return co_await write(reply, asked);
}

/// Says nothing until the client has enough of it.
asio::awaitable<void> Connection::hold() {
  using namespace asio::experimental::awaitable_operators;
  asio::steady_timer timer(core_->executor);
  timer.expires_after(limits::kHang);
  co_await (timer.async_wait(kTuple) ||
            stream_.socket().async_wait(tcp::socket::wait_read, kTuple));
}

asio::awaitable<void> Connection::linger() {
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(limits::kLinger);
  std::array<char, 4096> unread{};
  for (std::size_t total = 0; total < limits::kMaxLingerBytes;) {
    const auto [error, bytes] = co_await stream_.async_read_some(asio::buffer(unread), kTuple);
    if (error) co_return;
    total += bytes;
  }
}

}  // namespace

asio::awaitable<void> serve_connection(std::shared_ptr<ServerCore> core, tcp::socket socket) {
  Connection connection(std::move(core), std::move(socket));
  co_await connection.run();
}

}  // namespace holdfast::psp
