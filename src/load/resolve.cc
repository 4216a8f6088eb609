#include "load/resolve.h"

#include <boost/asio/io_context.hpp>

namespace holdfast::load {

tl::expected<boost::asio::ip::tcp::endpoint, std::string> resolve(const Endpoint& endpoint) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::resolver resolver(io);
  boost::system::error_code error;
  const auto found = resolver.resolve(endpoint.host, endpoint.port, error);
  if (error || found.empty()) {
    return tl::make_unexpected("host '" + endpoint.host + "' is not known: " + error.message());
  }
  return found.begin()->endpoint();
}

}  // namespace holdfast::load
