#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "http/auth.h"
#include "http/services.h"

namespace holdfast::http {

struct ServerOptions {
  boost::asio::ip::tcp::endpoint listen;
  /// Several loops listen on one address, and the kernel spreads the connections over them.
  bool share_port = false;
  /// Within which a header must have arrived, then a body, then an answer must have been taken.
  std::chrono::milliseconds request_timeout{30'000};
  std::chrono::milliseconds keep_alive_timeout{75'000};  ///< between two requests
  std::size_t max_connections = 10'000;                  ///< of this server
  std::vector<ApiKey> keys;                              ///< none: everyone may do everything
  std::chrono::milliseconds grace{10'000};  ///< for requests in flight when the server stops
};

struct ServerCore;

/// The API's HTTP/1.1 server on one loop. Its connections are coroutines on that loop, which keep
/// what they share alive; the services must outlive them, so await `stop` before the services go,
/// or let the loop end first and destroy it.
class Server {
 public:
  Server(boost::asio::any_io_executor executor, ServerOptions options, Services& services);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens and begins to accept. Throws boost::system::system_error when the address cannot be
  /// had; then nothing was started.
  void start();
  /// Stops accepting, ends idle connections, lets requests in flight end. Resumes when all have, or
  /// after the grace period, when the rest are cut.
  boost::asio::awaitable<void> stop();

  [[nodiscard]] unsigned short port() const;  ///< the one in use, also when 0 was asked for
  [[nodiscard]] std::size_t connections() const;

 private:
  std::shared_ptr<ServerCore> core_;
};

}  // namespace holdfast::http
