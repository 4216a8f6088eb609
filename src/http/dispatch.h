#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>

#include "http/json_document.h"
#include "http/request.h"
#include "http/response.h"

namespace holdfast::http {

struct ServerCore;

struct Dispatched {
  Response response;
  bool head_only = false;
};

/// Routes a request, checks who asks, runs the resource, counts the answer. Never throws: what a
/// resource throws is a bug of ours, logged and answered 500.
boost::asio::awaitable<Dispatched> dispatch(ServerCore& core, const Request& request,
                                            JsonDocument& document, std::string_view request_id);

/// The client's X-Request-Id, cut to visible characters, or a new one.
void choose_request_id(ServerCore& core, const Request& request, std::string& out);

}  // namespace holdfast::http
