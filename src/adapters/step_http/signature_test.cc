#include "adapters/step_http/signature.h"

#include <gtest/gtest.h>

namespace holdfast::step_http {
namespace {

constexpr SignedContent kPayment{"o-1/payment/forward", 1'700'000'000, R"({"amount":1})"};

std::string signature(std::string_view secret, const SignedContent& content) {
  const auto signed_by = sign(secret, content);
  return signed_by ? *signed_by : "refused: " + signed_by.error();
}

// The vector that the Standard Webhooks libraries test themselves with (libraries/*/ in
// https://github.com/standard-webhooks/standard-webhooks).
TEST(Signature, IsThatOfThePublishedVector) {
  const SignedContent content{"msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330,
                              R"({"test": 2432232314})"};
  EXPECT_EQ(signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", content),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_EQ(signature("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", content),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

// By Python: base64.b64encode(hmac.new(bytes(range(n)), text, hashlib.sha256).digest()).
TEST(Signature, TakesKeysOfAnyLength) {
  EXPECT_EQ(signature("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", kPayment),
            "v1,uO/LG0llALsdC8gPMRWe45Ql0zWShrcaCedw+zDzN+w=");
  EXPECT_EQ(signature("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA==", kPayment),
            "v1,TjfHh5HEJjSaUlNyEDPqStJBMfVBJRr+wdUzzFVyAmE=");
}

TEST(Signature, CoversIdTimestampAndBody) {
  const std::string secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA==";
  const std::string original = signature(secret, kPayment);
  auto other = kPayment;
  other.id = "o-2/payment/forward";
  EXPECT_NE(signature(secret, other), original);
  other = kPayment;
  other.unix_seconds += 1;
  EXPECT_NE(signature(secret, other), original);
  other = kPayment;
  other.body = R"({"amount":2})";
  EXPECT_NE(signature(secret, other), original);
}

TEST(Signature, RefusesWhatIsNoSecretAndDoesNotRepeatIt) {
  const char* const refused[] = {"",
                                 "whsec_",
                                 "whsec_secret",
                                 "whsec_AAECAw",  // not padded
                                 "whsec_A===",
                                 "whsec_====",
                                 "whsec_AA=A",
                                 "whsec_AAEC AwQ",  // padding, blank
                                 "whsec_AA\nA",
                                 " whsec_AAEC",
                                 "whsec_AAECAwQF\n\n\n\n",
                                 "whsec_AAE-"};  // not this alphabet
  for (const std::string secret : refused) {
    const auto why = why_unusable_secret(secret);
    ASSERT_TRUE(why) << secret;
    EXPECT_EQ(*why, "the webhook secret is not whsec_ followed by base64");
    EXPECT_EQ(signature(secret, kPayment), "refused: " + *why);
  }
  EXPECT_FALSE(why_unusable_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
}

}  // namespace
}  // namespace holdfast::step_http
