#include "adapters/step_http/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/step_http/transfer.h"

namespace holdfast::step_http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

HttpAnswer response(int status, std::string body = "") {
  HttpAnswer answer;
  answer.status = status;
  answer.status_line = "HTTP/1.1 " + std::to_string(status) + " Text";
  answer.body = std::move(body);
  return answer;
}

/// By the port's words: 2xx done but 202, 4xx failed but 408, 425 and 429, all else unknown.
TEST(Answer, EveryStatusHasItsMeaning) {
  for (int status = 100; status < 600; ++status) {
    auto expected = StepAnswerKind::unknown;
    if (status / 100 == 2) expected = StepAnswerKind::done;
    if (status / 100 == 4) expected = StepAnswerKind::failed;
    if (status == 408 || status == 425 || status == 429) expected = StepAnswerKind::unknown;
    if (status == 202) expected = StepAnswerKind::awaiting;
    const auto answer = meaning_of(response(status));
    EXPECT_EQ(answer.kind, expected) << status;
    EXPECT_EQ(answer.payment_declined, status == 402) << status;
  }
  for (const int status : {0, 1, 99, 600, 999}) {
    EXPECT_EQ(meaning_of(response(status)).kind, StepAnswerKind::unknown) << status;
  }
}

TEST(Answer, TakesReferenceAndAmountOfASuccess) {
  const auto answer = meaning_of(response(200, R"({"reference":"ch_1","amount":1999,"x":[1]})"));
  EXPECT_EQ(answer.reference, "ch_1");
  EXPECT_EQ(answer.amount, 1999);
  EXPECT_EQ(answer.detail, "");
  EXPECT_EQ(meaning_of(response(202, R"({"reference":"ch_2"})")).reference, "ch_2");
  EXPECT_EQ(meaning_of(response(201, R"({"amount":0})")).amount, 0);
  EXPECT_EQ(meaning_of(response(200, R"({"amount":9223372036854775807})")).amount, INT64_MAX);
}

TEST(Answer, IgnoresWhatIsNoReferenceAndNoAmount) {
  const char* const bodies[] = {"",
                                "OK",
                                "null",
                                R"(["reference"])",
                                R"("reference")",
                                R"({"reference":17,"amount":"17"})",
                                R"({"reference":null,"amount":null})",
                                R"({"reference":{"id":"x"},"amount":1.5})",
                                R"({"Reference":"x","amount":-1})",
                                R"({"amount":9223372036854775808})",
                                R"({"amount":1e3})",
                                R"({"reference":"x","amount":1)",
                                R"({"reference":"x","amount":1}})",
                                "{\"reference\":\"\xff\"}"};
  for (const auto* body : bodies) {
    const auto answer = meaning_of(response(200, body));
    EXPECT_EQ(answer.kind, StepAnswerKind::done) << body;
    EXPECT_EQ(answer.reference, std::nullopt) << body;
    EXPECT_EQ(answer.amount, std::nullopt) << body;
  }
}

TEST(Answer, OnlyASuccessHasAReference) {
  const std::string body = R"({"reference":"ch_1","amount":5})";
  for (const int status : {302, 402, 409, 503}) {
    const auto answer = meaning_of(response(status, body));
    EXPECT_EQ(answer.reference, std::nullopt) << status;
    EXPECT_EQ(answer.amount, std::nullopt) << status;
  }
}

TEST(Answer, BoundsTheReferenceByCharacters) {
  std::string reference;
  for (int i = 0; i < 300; ++i) reference += "库";
  const auto answer = meaning_of(response(200, R"({"reference":")" + reference + R"("})"));
  EXPECT_EQ(answer.reference, reference.substr(0, std::size_t{256} * 3));
  EXPECT_EQ(meaning_of(response(200, R"({"reference":"a\u0000b\nc"})")).reference, "a b c");
}

TEST(Answer, DetailHasStatusHeadersAndBody) {
  auto answer = response(503, "try\nlater");
  answer.headers = {{"date", "Thu, 01 Jan 1970 00:00:00 GMT"},
                    {"content-type", "text/plain"},
                    {"retry-after", "5"},
                    {"x-request-id", "req-9"},
                    {"set-cookie", "session=secret"},
                    {"x-long", std::string(200, 'v')}};
  EXPECT_EQ(meaning_of(answer).detail,
            "HTTP/1.1 503 Text; retry-after: 5; content-type: text/plain; x-request-id: req-9; "
            "date: Thu, 01 Jan 1970 00:00:00 GMT; body: try later");
}

TEST(Answer, DetailIsBounded) {
  auto answer = response(500, std::string(60'000, 'b'));
  answer.status_line += std::string(60'000, 's');
  for (int i = 0; i < 1'000; ++i) answer.headers.emplace_back("x-" + std::to_string(i), "value");
  answer.headers.emplace_back("retry-after", "7");
  const auto detail = meaning_of(answer).detail;
  EXPECT_LE(detail.size(), 2'000U);
  EXPECT_THAT(detail, HasSubstr("; retry-after: 7; x-0: value;"));
  EXPECT_THAT(detail, EndsWith("; body: " + std::string(512, 'b') + " …"));
}

TEST(Answer, ARedirectSaysThatItIsNotFollowed) {
  auto answer = response(307);
  answer.headers = {{"location", "https://elsewhere.example/charges"}};
  EXPECT_EQ(meaning_of(answer).detail,
            "redirects are not followed: HTTP/1.1 307 Text; location: "
            "https://elsewhere.example/charges");
}

TEST(Answer, ALostAnswerIsUnknownWhateverItBeganWith) {
  const auto nothing = lost_answer(HttpAnswer{}, "Connection reset by peer");
  EXPECT_EQ(nothing.kind, StepAnswerKind::unknown);
  EXPECT_EQ(nothing.detail, "Connection reset by peer");
  for (const int status : {200, 402}) {
    const auto begun = lost_answer(response(status, R"({"reference":"x"})"), "timed out");
    EXPECT_EQ(begun.kind, StepAnswerKind::unknown);
    EXPECT_FALSE(begun.payment_declined);
    EXPECT_EQ(begun.reference, std::nullopt);
    EXPECT_THAT(begun.detail, StartsWith("timed out, after HTTP/1.1 " + std::to_string(status)));
  }
}

TEST(Answer, KeysThatCouldEndAHeaderAreNotSendable) {
  EXPECT_TRUE(is_sendable_key("0198c5a0-1111-7000-8000-000000000001/payment/reverse/cancel"));
  EXPECT_TRUE(is_sendable_key("A.b_c:d-e/F9"));
  for (const char* key : {"", "a b", "a\r\nx: y", "a\n", "a\t", "a\"", "a,b", "ä", "a;b", "a%0a"}) {
    EXPECT_FALSE(is_sendable_key(key)) << key;
  }
  EXPECT_FALSE(is_sendable_key(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace holdfast::step_http
