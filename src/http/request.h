#pragma once

#include <boost/beast/http/verb.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::http {

/// One request as received. The strings keep their memory from one request to the next of a
/// connection; `body` points into the connection's buffer. Lives until the answer is written.
struct Request {
  boost::beast::http::verb method = boost::beast::http::verb::unknown;
  std::string method_text;
  std::string target;
  bool keep_alive = true;
  bool http_1_0 = false;

  // Header fields that Holdfast reads. Repeated ones are joined by ", " (RFC 9110, section 5.3).
  std::string authorization;
  std::string content_type;
  std::string content_encoding;
  std::string prefer;
  std::string idempotency_key;
  std::string request_id;
  std::size_t idempotency_keys = 0;  ///< how many such header fields there are
  std::size_t hosts = 0;
  bool expects_continue = false;
  bool expects_other = false;
  bool has_transfer_encoding = false;

  std::string_view body;

  void clear();
};

}  // namespace holdfast::http
