#include "http/response.h"

#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>

namespace holdfast::http {
namespace {

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 24> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), result.ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_field(std::string& out, std::string_view name, std::uint64_t value) {
  out += name;
  out += ": ";
  append_number(out, value);
  out += "\r\n";
}

void append_status_line(std::string& out, int status) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(status));
  out.push_back(' ');
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  const auto reason = boost::beast::http::obsolete_reason(known);
  out.append(reason.data(), reason.size());
  out += "\r\n";
}

}  // namespace

void append_response(std::string& out, const Response& response, const Framing& framing) {
  out.reserve(out.size() + 512 + response.body.size());
  append_status_line(out, response.status);
  append_field(out, "Date", framing.date);
  out += "Server: Holdfast\r\n";
  append_field(out, "Content-Type", response.content_type);
  append_field(out, "Content-Length", response.body.size());
  out += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  append_field(out, "X-Request-Id", framing.request_id);
  if (!response.location.empty()) append_field(out, "Location", response.location);
  if (!response.allow.empty()) append_field(out, "Allow", response.allow);
  if (response.retry_after_s != 0) append_field(out, "Retry-After", response.retry_after_s);
  if (response.replayed) out += "Idempotent-Replayed: true\r\n";
  if (response.challenge) out += "WWW-Authenticate: Bearer realm=\"holdfast\"\r\n";
  if (response.waited_s) {
    out += "Preference-Applied: wait=";
    append_number(out, *response.waited_s);
    out += "\r\n";
  }
  if (!framing.keep_alive) {
    out += "Connection: close\r\n";
  } else if (framing.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  if (!framing.head_only) out += response.body;
}

}  // namespace holdfast::http
