#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "psp/provider.h"

namespace holdfast::psp {

struct ServerCore;

using Request = boost::beast::http::request<boost::beast::http::string_body>;

struct Reply {
  Manner manner = Manner::answer;
  unsigned status = 200;
  std::string body;   ///< JSON; empty for none
  std::string allow;  ///< of a 405
};

Reply refusal(unsigned status, std::string_view code, std::string_view detail);

/// Answers one request, after the delays it is to meet. The request outlives it.
boost::asio::awaitable<Reply> answer(std::shared_ptr<ServerCore> core, const Request& request);

}  // namespace holdfast::psp
