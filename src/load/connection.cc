#include "load/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "load/limits.h"

namespace holdfast::load {

namespace asio = boost::asio;
using boost::system::error_code;

Connection::Connection(asio::io_context& io, ConnectionEvents& events)
    : socket_(io), timer_(io), events_(events), in_(kReadSize, '\0') {}

void Connection::open(const asio::ip::tcp::endpoint& to, std::chrono::milliseconds delay) {
  close();
  if (delay.count() == 0) {
    connect(to);
    return;
  }
  timer_.expires_after(delay);
  timer_.async_wait([this, to](error_code error) {
    if (!error) {
      connect(to);
    }
  });
}

void Connection::connect(const asio::ip::tcp::endpoint& to) {
  socket_.async_connect(to, [this](error_code error) {
    if (error == asio::error::operation_aborted) {
      return;
    }
    if (error) {
      fail("cannot connect: " + error.message());
      return;
    }
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    is_open_ = true;
    events_.on_connected(*this);
  });
}

void Connection::close() {
  error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  received_ = 0;
  is_busy_ = false;
  is_open_ = false;
}

std::string& Connection::prepare() {
  out_.clear();
  return out_;
}

void Connection::send(std::uint64_t index, Clock::time_point since) {
  index_ = index;
  since_ = since;
  is_busy_ = true;
  error_code error;
  const std::size_t written = socket_.write_some(asio::buffer(out_), error);
  if (error && error != asio::error::would_block) {
    // Not from inside of send(): the driver is in the middle of something.
    asio::post(socket_.get_executor(), [this, why = error.message()] { fail(why); });
    return;
  }
  if (written == out_.size()) {
    wait_for_answer();
  } else {
    write_rest(written);
  }
}

void Connection::write_rest(std::size_t from) {
  asio::async_write(socket_, asio::buffer(out_) + from, [this](error_code error, std::size_t) {
    if (error == asio::error::operation_aborted) {
      return;
    }
    if (error) {
      fail("cannot send: " + error.message());
      return;
    }
    wait_for_answer();
  });
}

void Connection::wait_for_answer() {
  if (in_.size() - received_ < kReadSize / 2) {
    in_.resize(in_.size() * 2);
  }
  // Asio tries to read at once and in vain, which is still cheaper than its wait for readiness
  // (an epoll_ctl each time).
  const auto room = asio::buffer(in_.data() + received_, in_.size() - received_);
  socket_.async_read_some(room, [this](error_code error, std::size_t count) {
    if (error == asio::error::operation_aborted) {
      return;
    }
    if (error) {
      fail(error == asio::error::eof ? "the server closed the connection" : error.message());
      return;
    }
    received_ += count;
    parse_answer();
  });
}

void Connection::parse_answer() {
  Response response;
  const ParseResult result = parse_response({in_.data(), received_}, response, scratch_);
  switch (result.status) {
    case ParseStatus::kIncomplete:
      if (received_ >= kMaxAnswer) {
        fail("the answer is too large");
        return;
      }
      wait_for_answer();
      return;
    case ParseStatus::kMalformed: fail("the answer is not HTTP/1.1 as expected"); return;
    case ParseStatus::kComplete: break;
  }
  if (result.consumed != received_) {
    fail("more came than one answer");
    return;
  }
  received_ = 0;
  is_busy_ = false;
  is_open_ = !response.closes;
  events_.on_response(*this, response);
}

void Connection::fail(const std::string& why) {
  // The driver looks at is_busy() to see whether a request was lost; it closes or opens anew.
  is_open_ = false;
  events_.on_broken(*this, why);
}

}  // namespace holdfast::load
