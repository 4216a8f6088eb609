#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <tl/expected.hpp>

#include "load/endpoint.h"

namespace holdfast::load {

// The first address of the endpoint's host. Blocks on the system's resolver for names that are not
// addresses. The error (no effect) is a sentence for people.
tl::expected<boost::asio::ip::tcp::endpoint, std::string> resolve(const Endpoint& endpoint);

}  // namespace holdfast::load
