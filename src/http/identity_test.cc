#include "http/identity.h"

#include <gtest/gtest.h>

#include "http/fake_world_test.h"
#include "http/prefer.h"

namespace holdfast::http {
namespace {

Request with_key(std::string key) {
  Request request;
  request.idempotency_key = std::move(key);
  request.idempotency_keys = 1;
  return request;
}

TEST(Identity, IsTheBodysElseTheHeadersElseNew) {
  FakeWorld world;
  const IdentitySpaces spaces = identity_spaces("shop");
  const Uuid in_body = *parse_uuid("01890a5d-ac96-774b-bcce-b302099a8057");

  const auto body_wins = identify(with_key("k"), in_body, spaces.orders, world);
  EXPECT_EQ(body_wins->id, in_body);
  EXPECT_TRUE(body_wins->from_client);

  const auto derived = identify(with_key("k"), std::nullopt, spaces.orders, world);
  EXPECT_EQ(derived->id.bytes[6] >> 4, 5);  // the version, RFC 9562
  EXPECT_TRUE(derived->from_client);
  EXPECT_EQ(identify(with_key("k"), std::nullopt, spaces.orders, world)->id, derived->id);

  const auto fresh = identify(Request{}, std::nullopt, spaces.orders, world);
  EXPECT_FALSE(fresh->from_client);
  EXPECT_NE(fresh->id, identify(Request{}, std::nullopt, spaces.orders, world)->id);
}

TEST(Identity, IsScopedToApiKeyAndKind) {
  FakeWorld world;
  const auto id = [&world](const Uuid& space) {
    return identify(with_key("k"), std::nullopt, space, world)->id;
  };
  const IdentitySpaces a = identity_spaces("a");
  const IdentitySpaces b = identity_spaces("b");
  EXPECT_NE(id(a.orders), id(b.orders));
  EXPECT_NE(id(a.orders), id(a.refunds));
  EXPECT_NE(id(a.refunds), id(b.refunds));
}

TEST(Identity, QuotesOfTheHeaderDoNotCount) {
  EXPECT_EQ(*idempotency_key(with_key("\"k\"")), "k");
  EXPECT_EQ(*idempotency_key(with_key("k")), "k");
  EXPECT_EQ(*idempotency_key(with_key("\"")), "\"");
  EXPECT_EQ(*idempotency_key(Request{}), std::nullopt);
}

TEST(Identity, RefusesBadHeaders) {
  for (const std::string& bad :
       {std::string(), std::string("\"\""), std::string("a b"), std::string("a\tb"),
        std::string("\xc3\xa9"), std::string(256, 'x')}) {
    const auto key = idempotency_key(with_key(bad));
    ASSERT_FALSE(key) << bad;
    EXPECT_EQ(key.error().kind.code, "invalid_request");
  }
  EXPECT_TRUE(idempotency_key(with_key(std::string(255, 'x'))));
  Request two = with_key("k");
  two.idempotency_keys = 2;
  EXPECT_FALSE(idempotency_key(two));
  FakeWorld world;
  EXPECT_FALSE(identify(two, Uuid{}, Uuid{}, world));  // also where the body has an id
}

TEST(PreferredWait, FollowsRfc7240) {
  using std::chrono::seconds;
  struct Case {
    const char* header;
    std::optional<seconds> wait;
  };
  for (const Case& c :
       {Case{"", {}}, Case{"wait=5", seconds(5)}, Case{"Wait = 5", seconds(5)},
        Case{"wait=\"5\"", seconds(5)}, Case{"respond-async, wait=10", seconds(10)},
        Case{"foo=\"a, wait=3\", wait=4", seconds(4)}, Case{"wait=5; x=y", seconds(5)},
        Case{"wait=0", seconds(0)}, Case{"wait=60", seconds(60)}, Case{"wait=61", seconds(60)},
        Case{"wait=99999999999999999999", seconds(60)}, Case{"wait", {}}, Case{"wait=", {}},
        Case{"wait=-1", {}}, Case{"wait=1.5", {}}, Case{"wait=5s", {}},
        Case{"wait=1, wait=2", seconds(1)}, Case{"waiting=5", {}}}) {
    EXPECT_EQ(preferred_wait(c.header), c.wait) << c.header;
  }
}

}  // namespace
}  // namespace holdfast::http
