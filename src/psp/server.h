#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>

#include "psp/provider.h"
#include "psp/reporter.h"
#include "psp/signature.h"
#include "psp/switches.h"

namespace holdfast::psp {

struct ServerOptions {
  boost::asio::ip::tcp::endpoint listen{boost::asio::ip::address_v4::loopback(), 8090};
  Switches switches;
  std::uint64_t seed = 1;
  std::optional<Secret> secret;  ///< set: calls must be signed with it
  ReportTarget report;
};

struct ServerCore;

/// The payment provider on HTTP/1.1, on one loop. Ends with the loop: what is under way then is
/// dropped, as it is in memory only.
class Server {
 public:
  Server(boost::asio::any_io_executor executor, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens and begins to accept. Throws boost::system::system_error when the address cannot be
  /// had; then nothing was started.
  void start();
  [[nodiscard]] unsigned short port() const;  ///< the one in use, also when 0 was asked for
  [[nodiscard]] Totals totals() const;

 private:
  std::shared_ptr<ServerCore> core_;
  boost::asio::ip::tcp::endpoint listen_;
};

}  // namespace holdfast::psp
