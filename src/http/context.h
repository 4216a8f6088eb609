#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "http/auth.h"
#include "http/json_document.h"
#include "http/limits.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/request.h"
#include "http/response.h"
#include "http/services.h"

namespace holdfast::http {

/// One request on its way through a resource. Lives in the connection's coroutine until the answer
/// is written.
struct Context {
  Services& services;
  const Request& request;
  const Principal& principal;
  JsonDocument& document;  ///< scratch of the connection, for the body
  Query query;
  std::array<std::string, 2> path;  ///< values of the template's parameters, decoded

  [[nodiscard]] std::string_view actor() const {
    return principal.name.empty() ? std::string_view("operator") : principal.name;
  }
};

using Handler = boost::asio::awaitable<Response> (*)(Context& context);

/// Unset: the body is JSON of the right media type and was parsed into `context.document`, whose
/// faults are still to be looked at.
std::optional<Problem> parse_body(Context& context);
/// Unset where there is no body, or one that is `{}`.
std::optional<Problem> expect_no_fields(Context& context);

}  // namespace holdfast::http
