#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>

#include "load/driver.h"
#include "load/response.h"

namespace holdfast::load {

class Connection;

// What a connection tells its driver.
class ConnectionEvents {
 public:
  virtual void on_connected(Connection& connection) = 0;
  virtual void on_response(Connection& connection, const Response& response) = 0;
  virtual void on_broken(Connection& connection, const std::string& why) = 0;

 protected:
  ~ConnectionEvents() = default;
};

// One keep-alive connection with at most one request under way. Owns its socket and buffers; lives
// as long as the driver; on the driver's thread only. Sends with a plain non-blocking write, which
// nearly always takes all of it; a handler runs only for the answer.
class Connection {
 public:
  Connection(boost::asio::io_context& io, ConnectionEvents& events);

  // Takes the address it was opened to before (the first time: `to`) and ends in on_connected() or
  // on_broken(). `delay` keeps a client whose server is gone from spinning.
  void open(const boost::asio::ip::tcp::endpoint& to, std::chrono::milliseconds delay);
  void close();

  // The buffer to write the next request into; then send() it. Not while one is under way.
  std::string& prepare();
  void send(std::uint64_t index, Clock::time_point since);

  std::uint64_t index() const { return index_; }
  // When the request under way was sent, or was meant to be: latency counts from here.
  Clock::time_point since() const { return since_; }
  bool is_busy() const { return is_busy_; }
  bool is_open() const { return is_open_; }

 private:
  void connect(const boost::asio::ip::tcp::endpoint& to);
  void write_rest(std::size_t from);
  void wait_for_answer();
  void parse_answer();
  void fail(const std::string& why);

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  ConnectionEvents& events_;  // held, not owned
  std::string out_;
  std::string in_;
  std::string scratch_;
  std::size_t received_ = 0;  // bytes of in_ that hold data
  std::uint64_t index_ = 0;
  Clock::time_point since_{};
  bool is_busy_ = false;
  bool is_open_ = false;
};

}  // namespace holdfast::load
