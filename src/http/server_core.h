#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <ctime>
#include <string>
#include <string_view>

#include "http/auth.h"
#include "http/router.h"
#include "http/server.h"

namespace holdfast::http {

/// What a server looks at when it sweeps: every connection has a deadline, and a coarse timer cuts
/// those past it. Arming a timer for each read would cost more than the read's own handling.
class Expirable : public boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  using Time = std::chrono::steady_clock::time_point;
  virtual ~Expirable() = default;
  virtual void sweep(Time now) = 0;  ///< ends what is past its deadline
  virtual void drain() = 0;          ///< the server stops: ends when nothing is in flight
  virtual void cut() = 0;            ///< ends now
};

/// What the connections of one server share. Lives as long as the server or any connection; all on
/// the loop's thread.
struct ServerCore {
  ServerCore(boost::asio::any_io_executor on, ServerOptions with, Services& services);

  /// The present time as in RFC 9110, section 5.6.7; computed once a second.
  std::string_view date();
  /// A new id for a request that came without one.
  void make_request_id(std::string& out);
  void sweep();

  boost::asio::any_io_executor executor;
  ServerOptions options;
  Services& services;
  Router router;
  Authenticator authenticator;
  boost::asio::ip::tcp::acceptor acceptor;
  boost::asio::steady_timer sweep_timer;
  boost::asio::steady_timer accept_timer;
  std::chrono::milliseconds sweep_every;
  std::size_t connections = 0;
  std::size_t turned_away = 0;  ///< of them, those that are only told that there are too many
  unsigned short port = 0;
  bool stopping = false;
  boost::intrusive::list<Expirable, boost::intrusive::constant_time_size<false>> all;

 private:
  std::time_t date_second_ = 0;
  std::array<char, 32> date_{};
  std::string request_id_prefix_;
  std::uint64_t request_ids_ = 0;
};

}  // namespace holdfast::http
