#include "load/endpoint.h"

#include <gtest/gtest.h>

namespace holdfast::load {
namespace {

TEST(Endpoint, ReadsAddresses) {
  const auto plain = parse_url("http://127.0.0.1:8080");
  ASSERT_TRUE(plain.has_value()) << plain.error();
  EXPECT_EQ(plain->host, "127.0.0.1");
  EXPECT_EQ(plain->port, "8080");
  const auto default_port = parse_url("http://shop.example/");
  ASSERT_TRUE(default_port.has_value());
  EXPECT_EQ(default_port->authority(), "shop.example:80");
  const auto ipv6 = parse_url("http://[::1]:81");
  ASSERT_TRUE(ipv6.has_value());
  EXPECT_EQ(ipv6->host, "::1");
  EXPECT_EQ(ipv6->url(), "http://[::1]:81");
}

TEST(Endpoint, RefusesOthers) {
  for (const char* url : {"", "127.0.0.1:8080", "https://a", "http://", "http://:80",
                          "http://a:", "http://a:0", "http://a:65536", "http://a:8x", "http://a/b",
                          "http://[::1", "http://[]:1", "http://u@a", "http://[::1]x"}) {
    EXPECT_FALSE(parse_url(url).has_value()) << url;
  }
}

TEST(Endpoint, WritesRequests) {
  const Endpoint endpoint{.host = "h", .port = "1", .bearer = "k"};
  const Request post{"POST", "/v1/orders", "{}", {{"Prefer", "wait=5"}}};
  std::string out;
  append_request(endpoint, post, out);
  EXPECT_EQ(out,
            "POST /v1/orders HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer k\r\n"
            "Prefer: wait=5\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  const Request empty_post{"POST", "/p", "", {}};
  out.clear();
  append_request(Endpoint{.host = "h", .port = "1", .bearer = ""}, empty_post, out);
  EXPECT_EQ(out, "POST /p HTTP/1.1\r\nHost: h:1\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace
}  // namespace holdfast::load
