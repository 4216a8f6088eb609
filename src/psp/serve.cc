#include "psp/serve.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>
#include <csignal>
#include <ostream>
#include <sstream>

namespace holdfast::psp {
namespace {

std::string url_of(boost::asio::ip::tcp::endpoint endpoint) {
  std::ostringstream text;
  text << "http://" << endpoint;  // an IPv6 address comes in its brackets
  return text.str();
}

void tell(const Totals& totals, std::ostream& out) {
  out << "psp ended: " << totals.calls << " calls, " << totals.charges << " charges ("
      << totals.charged << "), " << totals.refunds << " refunds (" << totals.refunded << "), "
      << totals.declined << " declined, " << totals.refused << " refused, " << totals.anomalies
      << " anomalies" << std::endl;
}

}  // namespace

bool serve(const ServerOptions& options, std::ostream& out, std::ostream& err) {
  boost::asio::io_context loop{1};
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  Server server(loop.get_executor(), options);
  try {
    server.start();
  } catch (const boost::system::system_error& error) {
    err << "psp cannot listen on " << options.listen << ": " << error.code().message()
        << "; choose another --listen or stop what uses it\n";
    return false;
  }
  auto address = options.listen;
  address.port(server.port());
  out << "psp ready on " << url_of(address) << std::endl;
  signals.async_wait([&loop](const boost::system::error_code&, int) { loop.stop(); });
  loop.run();
  tell(server.totals(), out);
  return true;
}

}  // namespace holdfast::psp
