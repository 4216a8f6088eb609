#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

// URLs of servers and listen addresses, as the configuration writes them.

namespace holdfast::app {

// scheme://[user[:password]@]host[:port][/path][?query]. User, password and path are
// percent-decoded.
struct Url {
  std::string scheme;
  std::string user;
  std::string password;
  std::string host;  // an IPv6 address without its brackets
  std::optional<std::uint16_t> port;
  std::string path;  // without the leading slash of host forms; whole for unix:///path
  std::string query;
};
tl::expected<Url, std::string> parse_url(std::string_view text);

// The same URL with every password in it as "***", fit for logs. Never fails: a text that is no
// URL but may hold a secret comes back shortened.
std::string redact_url(std::string_view text);

struct ListenAddress {
  std::string host;  // an IPv6 address without its brackets
  std::uint16_t port = 0;
  bool loopback = false;
};
// "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "0.0.0.0:8080". Names other than localhost are
// refused: what they resolve to could change, and with it who can reach an API without keys.
tl::expected<ListenAddress, std::string> parse_listen(std::string_view text);

}  // namespace holdfast::app
