#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <optional>

#include "psp/provider.h"
#include "psp/reporter.h"
#include "psp/server.h"
#include "psp/signature.h"

namespace holdfast::psp {

/// What the connections of one server share. They keep it alive; on the loop's thread.
struct ServerCore {
  ServerCore(boost::asio::any_io_executor on, const ServerOptions& options)
      : executor(on),
        provider(options.switches, options.seed),
        reporter(std::make_shared<Reporter>(on, options.report, Chance(options.seed))),
        secret(options.secret),
        acceptor(on) {}

  boost::asio::any_io_executor executor;
  Provider provider;
  std::shared_ptr<Reporter> reporter;
  std::optional<Secret> secret;
  boost::asio::ip::tcp::acceptor acceptor;
  std::size_t connections = 0;
};

}  // namespace holdfast::psp
