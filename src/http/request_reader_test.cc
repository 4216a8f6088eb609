#include "http/request_reader.h"

#include <gtest/gtest.h>

#include <cstring>

namespace holdfast::http {
namespace {

using Need = RequestReader::Need;

/// Feeds `bytes` in pieces and advances after each, until something else than more is needed.
Need feed(RequestReader& reader, std::string_view bytes, std::size_t piece) {
  Need need = reader.advance();
  while (need == Need::more && !bytes.empty()) {
    const auto room = reader.prepare();
    const std::size_t n = std::min({piece, room.size(), bytes.size()});
    std::memcpy(room.data(), bytes.data(), n);
    reader.commit(n);
    bytes.remove_prefix(n);
    need = reader.advance();
  }
  return need;
}

constexpr std::size_t kWhole = 1 << 20;

std::string refusal_of(std::string_view bytes, std::size_t piece = kWhole) {
  RequestReader reader;
  const Need need = feed(reader, bytes, piece);
  if (need != Need::refused) return need == Need::more ? "more" : "ready";
  return std::string(reader.refusal().kind.code);
}

TEST(RequestReader, ReadsARequestInPiecesOfAnySize) {
  const std::string text =
      "\r\nPOST /v1/orders?x=1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
      "IDEMPOTENCY-KEY: k\r\nPrefer: wait=5\r\nPrefer: respond-async\r\nContent-Length: 5\r\n\r\n"
      "hello";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, kWhole}) {
    RequestReader reader;
    ASSERT_EQ(feed(reader, text, piece), Need::ready) << piece;
    const Request& request = reader.request();
    EXPECT_EQ(request.method, boost::beast::http::verb::post);
    EXPECT_EQ(request.target, "/v1/orders?x=1");
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.idempotency_key, "k");
    EXPECT_EQ(request.prefer, "wait=5, respond-async");
    EXPECT_TRUE(request.keep_alive);
  }
}

TEST(RequestReader, KeepsWhatFollowsARequest) {
  const std::string one = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  const std::string two =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2;e=1\r\nde\r\n1\r\nf\r\n0\r\n"
      "Idempotency-Key: trailers-do-not-count\r\n\r\n";
  const std::string three = "GET /last HTTP/1.0\r\n\r\n";
  RequestReader reader;
  ASSERT_EQ(feed(reader, one + two + three, kWhole), Need::ready);
  EXPECT_EQ(reader.request().body, "abc");
  reader.next();
  ASSERT_EQ(reader.advance(), Need::ready);
  EXPECT_EQ(reader.request().body, "def");
  EXPECT_EQ(reader.request().idempotency_keys, 0U);
  reader.next();
  ASSERT_EQ(reader.advance(), Need::ready);
  EXPECT_EQ(reader.request().target, "/last");
  EXPECT_FALSE(reader.request().keep_alive);
  reader.next();
  EXPECT_EQ(reader.advance(), Need::more);
  EXPECT_EQ(reader.stage(), RequestReader::Stage::idle);
}

TEST(RequestReader, ReadsChunksInPiecesOfAnySize) {
  const std::string text =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789"
      "\r\n0\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, kWhole}) {
    RequestReader reader;
    ASSERT_EQ(feed(reader, text, piece), Need::ready) << piece;
    EXPECT_EQ(reader.request().body, "hello0123456789");
  }
}

TEST(RequestReader, BoundsTheHead) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const std::string end = "\r\n\r\n";
  const std::size_t room = 8192 - start.size() - end.size();
  EXPECT_EQ(refusal_of(start + std::string(room, 'x') + end), "ready");
  EXPECT_EQ(refusal_of(start + std::string(room + 1, 'x') + end), "headers_too_large");
  EXPECT_EQ(refusal_of(start + std::string(20'000, 'x'), 100), "headers_too_large");
  EXPECT_EQ(refusal_of("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
            "uri_too_long");
  EXPECT_EQ(refusal_of("GET /" + std::string(9000, 'x'), 64), "uri_too_long");
}

TEST(RequestReader, BoundsTheBody) {
  const std::string sized = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  EXPECT_EQ(refusal_of(sized + "65536\r\n\r\n" + std::string(65'536, 'x')), "ready");
  EXPECT_EQ(refusal_of(sized + "65536\r\n\r\n" + std::string(65'535, 'x')), "more");
  EXPECT_EQ(refusal_of(sized + "65537\r\n\r\n"), "body_too_large");
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string half = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
  EXPECT_EQ(refusal_of(chunked + half + half + "0\r\n\r\n"), "ready");
  EXPECT_EQ(refusal_of(chunked + half + half + "1\r\nx\r\n0\r\n\r\n"), "body_too_large");
  EXPECT_EQ(refusal_of(chunked + "10001\r\n"), "body_too_large");
  EXPECT_EQ(refusal_of(chunked + "fffffffffffffffff\r\n"), "body_too_large");
  std::string tiny = chunked;
  for (int i = 0; i < 3000; ++i) tiny += "1;" + std::string(500, 'e') + "\r\nx\r\n";
  EXPECT_EQ(refusal_of(tiny), "body_too_large");
}

TEST(RequestReader, RefusesWhatIsNotHttp) {
  for (const char* text : {
           "GARBAGE\r\n\r\n",
           "GET /\r\n\r\n",
           "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
           "GET / HTTP/1.1\nHost: a\n\n",
           "GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nName : x\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nNoColon\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
           "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na",
       }) {
    EXPECT_EQ(refusal_of(text), "malformed_request") << text;
    EXPECT_EQ(refusal_of(text, 1), "malformed_request") << text;
  }
}

TEST(RequestReader, AsksForABodyThatIsHeldBack) {
  const std::string head =
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  RequestReader waiting;
  EXPECT_EQ(feed(waiting, head, kWhole), Need::send_continue);
  EXPECT_EQ(feed(waiting, "ok", kWhole), Need::ready);
  RequestReader sent;
  EXPECT_EQ(feed(sent, head + "ok", kWhole), Need::ready);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"), "expectation_failed");
}

}  // namespace
}  // namespace holdfast::http
