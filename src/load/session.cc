#include "load/session.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "load/limits.h"
#include "load/resolve.h"
#include "load/response.h"

namespace holdfast::load {

namespace asio = boost::asio;
using boost::system::error_code;

Session::Session(Endpoint endpoint, std::chrono::milliseconds timeout)
    : endpoint_(std::move(endpoint)), timeout_(timeout) {}

tl::expected<Answer, CallError> Session::call(const Request& request) {
  deadline_ = std::chrono::steady_clock::now() + timeout_;
  if (!is_alive()) {
    const auto connected = connect();
    if (!connected) {
      return tl::make_unexpected(CallError{Effect::kNone, connected.error()});
    }
  }
  std::string bytes;
  append_request(endpoint_, request, bytes);
  const auto sent = send(bytes);
  auto answer =
      sent ? receive() : tl::expected<Answer, std::string>(tl::make_unexpected(sent.error()));
  if (!answer) {
    error_code ignored;
    socket_.close(ignored);
    const std::string what = request.method + " " + request.target + ": ";
    return tl::make_unexpected(CallError{Effect::kUnknown, what + answer.error()});
  }
  return std::move(*answer);
}

// A server may close a connection that was idle for long; find that out before sending on it.
bool Session::is_alive() {
  if (!socket_.is_open()) {
    return false;
  }
  error_code error;
  char byte = 0;
  socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
  return error == asio::error::would_block;
}

tl::expected<void, std::string> Session::connect() {
  error_code ignored;
  socket_.close(ignored);
  const auto address = resolve(endpoint_);
  if (!address) {
    return tl::make_unexpected(address.error());
  }
  bool is_done = false;
  error_code result;
  socket_.async_connect(*address, [&](error_code error) {
    is_done = true;
    result = error;
  });
  const auto deadline = std::min(deadline_, std::chrono::steady_clock::now() + kConnectTimeout);
  const bool in_time = run_until(deadline, is_done);
  if (!in_time || result) {
    socket_.close(ignored);
    const std::string why = in_time ? result.message() : "no answer in time";
    return tl::make_unexpected(endpoint_.url() + " could not be reached: " + why);
  }
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  return {};
}

tl::expected<void, std::string> Session::send(const std::string& bytes) {
  bool is_done = false;
  error_code result;
  asio::async_write(socket_, asio::buffer(bytes), [&](error_code error, std::size_t) {
    is_done = true;
    result = error;
  });
  if (!run_until(deadline_, is_done)) {
    return tl::make_unexpected(std::string("could not be sent in time"));
  }
  if (result) {
    return tl::make_unexpected("could not be sent: " + result.message());
  }
  return {};
}

tl::expected<Answer, std::string> Session::receive() {
  buffer_.clear();
  std::string scratch;
  for (;;) {
    const std::size_t filled = buffer_.size();
    if (filled > kMaxAnswer) {
      return tl::make_unexpected(std::string("the answer is too large"));
    }
    buffer_.resize(filled + kReadSize);
    bool is_done = false;
    error_code result;
    std::size_t received = 0;
    socket_.async_read_some(asio::buffer(buffer_.data() + filled, kReadSize),
                            [&](error_code error, std::size_t count) {
                              is_done = true;
                              result = error;
                              received = count;
                            });
    if (!run_until(deadline_, is_done)) {
      return tl::make_unexpected(std::string("no answer in time"));
    }
    if (result) {
      return tl::make_unexpected("the connection broke: " + result.message());
    }
    buffer_.resize(filled + received);
    Response response;
    const ParseResult parsed = parse_response(buffer_, response, scratch);
    if (parsed.status == ParseStatus::kMalformed) {
      return tl::make_unexpected(std::string("the answer is not HTTP/1.1 as expected"));
    }
    if (parsed.status == ParseStatus::kComplete) {
      Answer answer{response.status, std::string(response.location), response.replayed,
                    std::string(response.body)};
      if (response.closes) {
        error_code ignored;
        socket_.close(ignored);
      }
      return answer;
    }
  }
}

// Runs the loop until the operation is done. Past the deadline the socket is closed, and its
// handler (which refers to the caller's stack) has run before this returns false.
bool Session::run_until(std::chrono::steady_clock::time_point deadline, const bool& is_done) {
  io_.restart();
  io_.run_until(deadline);
  if (is_done) {
    return true;
  }
  error_code ignored;
  socket_.close(ignored);
  io_.restart();
  io_.run();
  return false;
}

}  // namespace holdfast::load
