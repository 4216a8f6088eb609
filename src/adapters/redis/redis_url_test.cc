#include "adapters/redis/redis_url.h"

#include <gtest/gtest.h>

namespace holdfast::redis {
namespace {

TEST(RedisUrl, HostPortAndDatabase) {
  const auto plain = parse_redis_url("redis://cache.example");
  ASSERT_TRUE(plain) << plain.error();
  EXPECT_EQ(plain->host, "cache.example");
  EXPECT_EQ(plain->port, 6379);
  EXPECT_EQ(plain->database, 0);
  EXPECT_TRUE(plain->unix_path.empty());

  const auto whole = parse_redis_url("redis://ann:p%40s%3as@127.0.0.1:7401/12");
  ASSERT_TRUE(whole) << whole.error();
  EXPECT_EQ(whole->user, "ann");
  EXPECT_EQ(whole->password, "p@s:s");
  EXPECT_EQ(whole->port, 7401);
  EXPECT_EQ(whole->database, 12);

  const auto v6 = parse_redis_url("redis://:secret@[::1]:7401/");
  ASSERT_TRUE(v6) << v6.error();
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 7401);
  EXPECT_EQ(v6->user, "");
  EXPECT_EQ(v6->password, "secret");
}

TEST(RedisUrl, UnixSocket) {
  const auto address = parse_redis_url("unix://:secret@/run/redis/a%20b.sock?db=2");
  ASSERT_TRUE(address) << address.error();
  EXPECT_EQ(address->unix_path, "/run/redis/a b.sock");
  EXPECT_EQ(address->database, 2);
  EXPECT_EQ(address->password, "secret");
}

TEST(RedisUrl, RefusesWhatItDoesNotUnderstandWithoutShowingIt) {
  for (const auto* url : {"",
                          "redis",
                          "redis:/host",
                          "http://host",
                          "rediss://host",
                          "redis://",
                          "redis://:7401",
                          "redis://host:0",
                          "redis://host:65536",
                          "redis://host:x",
                          "redis://host:",
                          "redis://[::1",
                          "redis://[::1]7401",
                          "redis://host/x",
                          "redis://host/-1",
                          "redis://host/1x",
                          "redis://host?db=1",
                          "redis://secret@host",
                          "redis://a:secret%4@host",
                          "unix://",
                          "unix://relative",
                          "unix:///path?x=1",
                          "unix:///path?db=x"}) {
    const auto address = parse_redis_url(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().find("secret"), std::string::npos) << address.error();
  }
}

}  // namespace
}  // namespace holdfast::redis
