#include "load/response.h"

#include <gtest/gtest.h>

namespace holdfast::load {
namespace {

const std::string kAccepted =
    "HTTP/1.1 202 Accepted\r\nServer: x\r\nLOCATION:  /v1/orders/1 \r\n"
    "Idempotent-Replayed: true\r\nRetry-After: 3\r\ncontent-length: 4\r\n\r\n{\"a\"";

TEST(Response, ReadsStatusHeadersAndBody) {
  Response response;
  std::string scratch;
  const std::string buffer = kAccepted + "next";
  const ParseResult result = parse_response(buffer, response, scratch);
  ASSERT_EQ(result.status, ParseStatus::kComplete);
  EXPECT_EQ(result.consumed, kAccepted.size());
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.location, "/v1/orders/1");
  EXPECT_EQ(response.retry_after, "3");
  EXPECT_TRUE(response.replayed);
  EXPECT_FALSE(response.closes);
  EXPECT_EQ(response.body, "{\"a\"");
}

TEST(Response, WaitsForEveryByte) {
  for (std::size_t size = 0; size < kAccepted.size(); ++size) {
    Response response;
    std::string scratch;
    const auto result = parse_response(kAccepted.substr(0, size), response, scratch);
    ASSERT_EQ(result.status, ParseStatus::kIncomplete) << size;
  }
}

TEST(Response, JoinsChunks) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: 1\r\n\r\n";
  for (std::size_t size = 0; size < answer.size(); ++size) {
    Response response;
    std::string scratch;
    const auto result = parse_response(answer.substr(0, size), response, scratch);
    ASSERT_EQ(result.status, ParseStatus::kIncomplete) << size;
  }
  Response response;
  std::string scratch;
  const auto result = parse_response(answer, response, scratch);
  ASSERT_EQ(result.status, ParseStatus::kComplete);
  EXPECT_EQ(result.consumed, answer.size());
  EXPECT_EQ(response.body, "hello!");
}

TEST(Response, KnowsThatTheConnectionCloses) {
  Response response;
  std::string scratch;
  parse_response("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", response,
                 scratch);
  EXPECT_TRUE(response.closes);
  parse_response("HTTP/1.0 204 No Content\r\n\r\n", response, scratch);
  EXPECT_EQ(response.status, 204);
  EXPECT_TRUE(response.closes);
}

TEST(Response, RefusesWhatItDoesNotUnderstand) {
  for (const char* answer : {
           "SSH-2.0-OpenSSH_9.2\r\n\r\n",
           "HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 100 Continue\r\n\r\n",
           "HTTP/1.1 200 OK\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
           "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       }) {
    Response response;
    std::string scratch;
    const auto result = parse_response(answer, response, scratch);
    EXPECT_EQ(result.status, ParseStatus::kMalformed) << answer;
  }
}

}  // namespace
}  // namespace holdfast::load
