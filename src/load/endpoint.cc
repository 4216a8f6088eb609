#include "load/endpoint.h"

#include <algorithm>
#include <charconv>

namespace holdfast::load {
namespace {

constexpr std::string_view kScheme = "http://";

bool is_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value > 0 && value < 65536;
}

tl::unexpected<std::string> refuse(std::string_view url, std::string_view why) {
  return tl::make_unexpected("'" + std::string(url) + "' is not an address such as " +
                             "http://127.0.0.1:8080: " + std::string(why));
}

}  // namespace

std::string Endpoint::authority() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
}

tl::expected<Endpoint, std::string> parse_url(std::string_view url) {
  if (!url.starts_with(kScheme)) {
    return refuse(url, "it must begin with http://");
  }
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  if (rest.find_first_of("/?#@ ") != std::string_view::npos) {
    return refuse(url, "only a host and a port belong there");
  }
  Endpoint endpoint{.host = {}, .port = "80", .bearer = {}};
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
  if (rest.starts_with('[') && bracket == std::string_view::npos) {
    return refuse(url, "the bracket is not closed");
  }
  const std::size_t host_end =
      bracket != std::string_view::npos ? bracket + 1 : std::min(rest.find(':'), rest.size());
  const std::string_view host = rest.substr(0, host_end);
  endpoint.host = bracket != std::string_view::npos ? host.substr(1, host.size() - 2) : host;
  if (endpoint.host.empty()) {
    return refuse(url, "the host is missing");
  }
  if (host_end < rest.size()) {
    const std::string_view port = rest.substr(host_end + 1);
    if (rest[host_end] != ':' || !is_port(port)) {
      return refuse(url, "the port must be 1 to 65535");
    }
    endpoint.port = port;
  }
  return endpoint;
}

void append_request(const Endpoint& endpoint, const Request& request, std::string& out) {
  out.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: ");
  out.append(endpoint.authority()).append("\r\n");
  if (!endpoint.bearer.empty()) {
    out.append("Authorization: Bearer ").append(endpoint.bearer).append("\r\n");
  }
  for (const Header& header : request.headers) {
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (!request.body.empty()) {
    out.append("Content-Type: application/json\r\n");
  }
  // A method that may carry a body says its length even when that is 0 (RFC 9110, 8.6).
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  out.append("\r\n").append(request.body);
}

}  // namespace holdfast::load
