#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "http/problem.h"
#include "http/response.h"

namespace holdfast::http {

/// 200 with a JSON body.
inline Response ok(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

inline void note_wait(Response& response, std::optional<std::chrono::seconds> wait) {
  if (wait) response.waited_s = static_cast<std::uint32_t>(wait->count());
}

}  // namespace holdfast::http
