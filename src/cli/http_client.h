#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

// One HTTP request at a time, waiting for its answer (libcurl). No redirects, no retries: whether
// sending again is right, only the caller knows.

namespace holdfast::cli {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::optional<std::string> body;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

enum class Effect { none, unknown };
struct HttpFailure {
  std::string message;
  Effect effect;  // none: no connection came about, so the request never left
};

tl::expected<HttpResponse, HttpFailure> http_send(const HttpRequest& request);

// Percent-encodes all but the unreserved characters (RFC 3986 section 2.3).
std::string url_encoded(std::string_view text);

}  // namespace holdfast::cli
