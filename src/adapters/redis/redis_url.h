#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace holdfast::redis {

/// Where a Redis server is and who asks. `unix_path` empty: TCP.
struct RedisAddress {
  std::string unix_path;
  std::string host;
  std::uint16_t port = 6379;
  std::string user;  ///< empty: Redis' default user
  std::string password;
  std::int64_t database = 0;
};

/// `redis://[[user]:password@]host[:port][/database]` or `unix://[[user]:password@]/path[?db=N]`.
/// Host may be an IPv6 address in brackets; user, password and path may be percent-encoded. The
/// error says what is wrong, without the URL: it may hold a password.
tl::expected<RedisAddress, std::string> parse_redis_url(std::string_view url);

}  // namespace holdfast::redis
