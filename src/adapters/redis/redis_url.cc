#include "adapters/redis/redis_url.h"

#include <charconv>
#include <optional>

namespace holdfast::redis {
namespace {

using Fault = std::optional<std::string>;

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const char* digits = text.data() + i + 1;
    if (std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) return std::nullopt;
    decoded.push_back(static_cast<char>(value));
    i += 2;
  }
  return decoded;
}

Fault split_user(std::string_view text, RedisAddress& address) {
  const auto colon = text.find(':');
  const auto user = percent_decode(text.substr(0, colon));
  const auto password =
      percent_decode(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (!user || !password) return "user or password has a % without two hex digits";
  if (password->empty()) return "a user needs a password: redis://user:password@host";
  address.user = *user;
  address.password = *password;
  return std::nullopt;
}

Fault split_host(std::string_view text, RedisAddress& address) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return "host has a [ without its ]";
    address.host = std::string(text.substr(1, close - 1));
    port = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    address.host = std::string(text.substr(0, colon));
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (address.host.empty()) return "has no host";
  if (port.empty()) return std::nullopt;
  if (port[0] != ':' || !parse_number(port.substr(1), address.port) || address.port == 0) {
    return "port is not 1 to 65535";
  }
  return std::nullopt;
}

Fault take_database(std::string_view text, RedisAddress& address) {
  if (text.empty()) return std::nullopt;
  if (!parse_number(text, address.database) || address.database < 0) {
    return "database is not a number";
  }
  return std::nullopt;
}

Fault take_unix(std::string_view rest, RedisAddress& address) {
  std::string_view query;
  if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
    query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  const auto path = percent_decode(rest);
  if (!path || path->size() < 2 || path->front() != '/') return "has no absolute path";
  address.unix_path = *path;
  if (query.empty()) return std::nullopt;
  if (!query.starts_with("db=")) return "has a query other than db=N";
  return take_database(query.substr(3), address);
}

Fault take_tcp(std::string_view rest, RedisAddress& address) {
  if (rest.find_first_of("?#") != std::string_view::npos) return "has a query";
  const auto slash = rest.find('/');
  if (auto fault = split_host(rest.substr(0, slash), address)) return fault;
  return slash == std::string_view::npos ? std::nullopt
                                         : take_database(rest.substr(slash + 1), address);
}

}  // namespace

tl::expected<RedisAddress, std::string> parse_redis_url(std::string_view url) {
  const auto fail = [](std::string_view what) {
    return tl::unexpected("the Redis URL " + std::string(what));
  };
  const auto colon = url.find("://");
  const auto scheme = url.substr(0, colon);
  if (colon == std::string_view::npos || (scheme != "redis" && scheme != "unix")) {
    return fail("begins with neither redis:// nor unix://");
  }
  auto rest = url.substr(colon + 3);
  RedisAddress address;
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    if (const auto fault = split_user(rest.substr(0, at), address)) return fail(*fault);
    rest = rest.substr(at + 1);
  }
  const auto fault = scheme == "unix" ? take_unix(rest, address) : take_tcp(rest, address);
  if (fault) return fail(*fault);
  return address;
}

}  // namespace holdfast::redis
