#include "app/config_url.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>

namespace holdfast::app {
namespace {

constexpr std::string_view kHidden = "***";

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return port;
}

tl::expected<std::string, std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    unsigned value = 0;
    const char* begin = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2) {
      return tl::unexpected(std::string("has a % that is not followed by two hex digits"));
    }
    decoded.push_back(static_cast<char>(value));
    i += 2;
  }
  return decoded;
}

// "host", "host:port", "[v6]" or "[v6]:port" into `url`; a message when it is none of them.
std::optional<std::string> split_host(std::string_view text, Url& url) {
  std::string_view port;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos) {
      return "has a [ without its ]";
    }
    url.host = std::string(text.substr(1, close - 1));
    const auto rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') {
      return "has something other than a port after ]";
    }
    has_port = !rest.empty();
    port = has_port ? rest.substr(1) : rest;
  } else {
    const auto colon = text.rfind(':');
    has_port = colon != std::string_view::npos;
    url.host = std::string(text.substr(0, colon));
    port = has_port ? text.substr(colon + 1) : std::string_view{};
    if (url.host.find(':') != std::string::npos) {
      return "has an IPv6 address without [ ] around it";
    }
  }
  if (has_port) {
    url.port = parse_port(port);
    if (!url.port) {
      return "has a port that is not 0 to 65535";
    }
  }
  return std::nullopt;
}

// Hides the values of query parameters that are secrets to libpq.
std::string redact_query(std::string text) {
  constexpr std::array<std::string_view, 2> kSecrets = {"password=", "sslpassword="};
  const auto query = text.find('?');
  for (const auto secret : kSecrets) {
    std::size_t at = query;
    while (at != std::string::npos && (at = text.find(secret, at)) != std::string::npos) {
      const auto value = at + secret.size();
      const auto end = text.find_first_of("&#", value);
      text.replace(value, (end == std::string::npos ? text.size() : end) - value, kHidden);
      at = value;
    }
  }
  return text;
}

}  // namespace

tl::expected<Url, std::string> parse_url(std::string_view text) {
  Url url;
  const auto separator = text.find("://");
  if (separator == std::string_view::npos || separator == 0) {
    return tl::unexpected(std::string("has no scheme://"));
  }
  url.scheme = std::string(text.substr(0, separator));
  auto rest = text.substr(separator + 3);
  if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
    url.query = std::string(rest.substr(mark + 1));
    rest = rest.substr(0, mark);
  }
  const auto slash = rest.find('/');
  auto authority = rest.substr(0, slash);
  std::string_view path = slash == std::string_view::npos ? "" : rest.substr(slash);
  if (url.scheme != "unix" && !path.empty()) {
    path.remove_prefix(1);
  }
  std::string_view user, password;
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    user = authority.substr(0, at);
    authority = authority.substr(at + 1);
    if (const auto colon = user.find(':'); colon != std::string_view::npos) {
      password = user.substr(colon + 1);
      user = user.substr(0, colon);
    }
  }
  if (auto fault = split_host(authority, url)) {
    return tl::unexpected(*fault);
  }
  const std::array<std::pair<std::string_view, std::string*>, 3> encoded = {
      {{user, &url.user}, {password, &url.password}, {path, &url.path}}};
  for (const auto& [from, into] : encoded) {
    auto decoded = percent_decode(from);
    if (!decoded) {
      return tl::unexpected(decoded.error());
    }
    *into = std::move(*decoded);
  }
  return url;
}

std::string redact_url(std::string_view text) {
  const auto separator = text.find("://");
  if (separator == std::string_view::npos) {
    const bool suspect =
        text.find('@') != std::string_view::npos || text.find("password") != std::string_view::npos;
    return std::string(suspect ? kHidden : text);
  }
  std::string result(text);
  // The last @ and the first colon: a password written without percent-encoding may itself hold
  // an @, a / or a ?, and hiding too much is the lesser fault.
  const auto begin = separator + 3;
  const auto at = result.rfind('@');
  const auto colon = result.find(':', begin);
  if (at != std::string::npos && at >= begin && colon != std::string::npos && colon < at) {
    result.replace(colon + 1, at - colon - 1, kHidden);
  }
  return redact_query(std::move(result));
}

tl::expected<ListenAddress, std::string> parse_listen(std::string_view text) {
  Url split;
  if (auto fault = split_host(text, split)) {
    return tl::unexpected(*fault);
  }
  if (!split.port) {
    return tl::unexpected(std::string("has no port"));
  }
  ListenAddress address{split.host, *split.port, false};
  in_addr v4{};
  in6_addr v6{};
  if (address.host == "localhost") {
    address.loopback = true;
  } else if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) {
    address.loopback = (ntohl(v4.s_addr) >> 24) == 127;
  } else if (inet_pton(AF_INET6, address.host.c_str(), &v6) == 1) {
    const bool mapped_loopback = IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127;
    address.loopback = IN6_IS_ADDR_LOOPBACK(&v6) || mapped_loopback;
  } else {
    return tl::unexpected(std::string("has a host that is neither an IP address nor localhost"));
  }
  return address;
}

}  // namespace holdfast::app
