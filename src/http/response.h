#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::http {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProblemJson = "application/problem+json";

/// An answer before it is put on the wire. `content_type` and `allow` point to constants or to the
/// router, which outlive it.
struct Response {
  int status = 200;
  std::string body;
  std::string_view content_type = kJson;
  std::string location;  ///< empty: no such header
  std::string_view allow;
  std::uint32_t retry_after_s = 0;        ///< 0: no such header
  std::optional<std::uint32_t> waited_s;  ///< `Preference-Applied: wait=N`
  bool replayed = false;
  bool challenge = false;  ///< `WWW-Authenticate: Bearer`
  bool close = false;      ///< the connection cannot go on after this answer
};

/// What of an answer depends on the connection rather than on the resource.
struct Framing {
  std::string_view date;  ///< as in RFC 9110, section 5.6.7
  std::string_view request_id;
  bool keep_alive = true;
  bool http_1_0 = false;
  bool head_only = false;  ///< the answer to HEAD: all of the header, no body
};

/// Appends status line, header and body, so that one write sends them.
void append_response(std::string& out, const Response& response, const Framing& framing);

}  // namespace holdfast::http
