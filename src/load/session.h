#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <string>
#include <tl/expected.hpp>

#include "load/endpoint.h"

namespace holdfast::load {

struct Answer {
  int status = 0;
  std::string location;
  bool replayed = false;
  std::string body;
};

// Whether the request that failed may have been carried out.
enum class Effect { kNone, kUnknown };

struct CallError {
  Effect effect = Effect::kNone;
  std::string message;
};

// One keep-alive connection for calls one after the other, each with a deadline. For what is not
// measured: setting up, polling, looking at one order. Owns its loop and socket; one thread.
class Session {
 public:
  Session(Endpoint endpoint, std::chrono::milliseconds timeout);

  // Connects when there is no connection, or when the server has closed the last one meanwhile.
  // Never sends a request twice.
  tl::expected<Answer, CallError> call(const Request& request);

  const Endpoint& endpoint() const { return endpoint_; }

 private:
  bool is_alive();
  tl::expected<void, std::string> connect();
  tl::expected<void, std::string> send(const std::string& bytes);
  tl::expected<Answer, std::string> receive();
  bool run_until(std::chrono::steady_clock::time_point deadline, const bool& is_done);

  Endpoint endpoint_;
  std::chrono::milliseconds timeout_;
  std::chrono::steady_clock::time_point deadline_{};
  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::socket socket_{io_};
  std::string buffer_;
};

}  // namespace holdfast::load
