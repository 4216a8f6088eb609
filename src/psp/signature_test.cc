#include "psp/signature.h"

#include <gtest/gtest.h>

namespace holdfast::psp {
namespace {

using std::chrono::seconds;

// The example of the Standard Webhooks' own libraries; recomputed with Python's hmac module.
constexpr std::string_view kSecret = "whsec_plJ3nmyCDGBKInavdOK15jsl";
constexpr std::string_view kId = "msg_loFOjxBNrRLzqYUf";
constexpr std::string_view kTimestamp = "1731705121";
constexpr std::string_view kBody = R"({"event_type":"ping","data":{"success":true}})";
constexpr std::string_view kSignature = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=";
constexpr Instant kSent{seconds(1731705121)};

struct SignatureTest : ::testing::Test {
  std::string fault(const SignedMessage& message, Instant now = kSent) {
    return signature_fault(secret, message, now).value_or("");
  }
  Secret secret = Secret::parse(kSecret).value();
};

TEST_F(SignatureTest, SignsAsTheSpecificationDoes) {
  EXPECT_EQ(secret.sign(kId, kTimestamp, kBody), kSignature);
  EXPECT_EQ(secret.sign("018f-order/payment/forward", kTimestamp, R"({"amount":1999})"),
            "v1,bGHGGTTmD1FuZEqp7tS0DVyI/fmSmFRTOv/N05PgDa8=");
}

TEST_F(SignatureTest, TakesTheRightOneAmongOthers) {
  EXPECT_EQ(fault({kId, kTimestamp, kSignature, kBody}), "");
  const std::string several = "v1,AAAA v2,xyz " + std::string(kSignature) + " v1a,BBBB";
  EXPECT_EQ(fault({kId, kTimestamp, several, kBody}), "");
}

TEST_F(SignatureTest, RefusesAnythingChanged) {
  const std::string bare(kSignature.substr(3));
  const std::string wrong = "v1,s" + std::string(kSignature.substr(4));
  for (const SignedMessage& message :
       {SignedMessage{"msg_other", kTimestamp, kSignature, kBody},
        SignedMessage{kId, "1731705122", kSignature, kBody},
        SignedMessage{kId, kTimestamp, kSignature, "{}"},
        SignedMessage{kId, kTimestamp, bare, kBody}, SignedMessage{kId, kTimestamp, wrong, kBody},
        SignedMessage{kId, kTimestamp, kSignature.substr(0, 20), kBody},
        SignedMessage{kId, kTimestamp, " ", kBody}}) {
    EXPECT_EQ(fault(message), "webhook-signature does not match") << message.signatures;
  }
  EXPECT_NE(fault({"", kTimestamp, kSignature, kBody}), "");
  EXPECT_NE(fault({kId, "", kSignature, kBody}), "");
  EXPECT_NE(fault({kId, kTimestamp, "", kBody}), "");
}

TEST_F(SignatureTest, RefusesWhatIsOldOrFromTheFuture) {
  const SignedMessage message{kId, kTimestamp, kSignature, kBody};
  EXPECT_EQ(fault(message, kSent + seconds(300)), "");
  EXPECT_EQ(fault(message, kSent - seconds(300)), "");
  EXPECT_NE(fault(message, kSent + seconds(301)), "");
  EXPECT_NE(fault(message, kSent - seconds(301)), "");
  EXPECT_EQ(fault({kId, "1731705121x", kSignature, kBody}),
            "webhook-timestamp must be Unix seconds");
  EXPECT_NE(fault({kId, "99999999999999999999", kSignature, kBody}), "");
}

TEST_F(SignatureTest, ASecretIsBase64BehindItsPrefix) {
  for (const char* text : {"", "whsec_", "plJ3nmyCDGBKInavdOK15jsl", "whsec_plJ",
                           "whsec_====", "whsec_a b=", "whsec_ab!=", "whsec_plJ3\n"}) {
    EXPECT_FALSE(Secret::parse(text)) << text;
  }
  EXPECT_TRUE(Secret::parse("whsec_c2VjcmV0LXNlY3JldA=="));
}

}  // namespace
}  // namespace holdfast::psp
