#include "http/server.h"

#include "http/server_fixture_test.h"

namespace holdfast::http {
namespace {

using std::chrono::milliseconds;

using ServerTest = ServerFixture;

TEST_F(ServerTest, AnswersWithTheHeadersOfEveryAnswer) {
  start();
  Client client(port);
  const Received answer = client.exchange(get("/healthz", "X-Request-Id: abc\x01 d\r\n"));
  // A control character in a field is not HTTP at all.
  EXPECT_EQ(answer.status, 400);
  Client another(port);
  const Received health = another.exchange(get("/healthz", "X-Request-Id: my request\r\n"));
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, R"({"status":"ok"})");
  EXPECT_EQ(health.field("X-Request-Id"), "myrequest");
  EXPECT_EQ(health.field("Server"), "Holdfast");
  EXPECT_EQ(health.field("Cache-Control"), "no-store");
  EXPECT_TRUE(health.field("Date").ends_with(" GMT"));
  const Received made = another.exchange(get("/healthz"));
  EXPECT_FALSE(made.field("X-Request-Id").empty());
  const Received next = another.exchange(get("/healthz"));
  EXPECT_NE(made.field("X-Request-Id"), next.field("X-Request-Id"));
}

TEST_F(ServerTest, KeepsConnectionsAndAnswersPipelinedRequestsInOrder) {
  start();
  Client client(port);
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all +=
        with_body("POST /v1/orders", kOrderBody,
                  "Content-Type: application/json\r\nX-Request-Id: r" + std::to_string(i) + "\r\n");
  }
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    const Received answer = client.receive();
    ASSERT_EQ(answer.status, 202);
    EXPECT_EQ(answer.field("X-Request-Id"), "r" + std::to_string(i));
  }
  stop();
  EXPECT_EQ(world.counted.size(), 50U);
  EXPECT_EQ(world.counted.front().route, "/v1/orders");
  EXPECT_EQ(world.counted.front().method, "POST");
  EXPECT_EQ(world.counted.front().status, 202);
}

TEST_F(ServerTest, ReadsChunkedBodiesAndBodiesInPieces) {
  start();
  Client client(port);
  const std::string body(kOrderBody);
  client.send(
      "POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n4\r\n" +
      body.substr(0, 4) + "\r\n");
  std::ostringstream size;
  size << std::hex << body.size() - 4;
  client.send(size.str() + "\r\n" + body.substr(4) + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().status, 202);
  const std::string whole = with_body("POST /v1/orders", kOrderBody);
  for (const char c : whole) client.send({&c, 1});
  EXPECT_EQ(client.receive().status, 202);
}

TEST_F(ServerTest, SendsContinueWhenAsked) {
  start();
  Client client(port);
  client.send(
      "POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: " +
      std::to_string(kOrderBody.size()) + "\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  EXPECT_EQ(client.exchange(kOrderBody).status, 202);
}

TEST_F(ServerTest, AnswersHeadWithoutBody) {
  start();
  Client client(port);
  client.send("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  const Received head = client.receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("Content-Length"), "15");
  EXPECT_EQ(client.exchange(get("/healthz")).status, 200);  // nothing of a body stood in between
}

TEST_F(ServerTest, KnowsHttp10AndConnectionClose) {
  start();
  Client old(port);
  EXPECT_EQ(old.exchange("GET /healthz HTTP/1.0\r\n\r\n").field("Connection"), "close");
  EXPECT_TRUE(old.closed());
  Client kept(port);
  const std::string keep = "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(kept.exchange(keep).field("Connection"), "keep-alive");
  EXPECT_EQ(kept.exchange(keep).status, 200);
  Client closing(port);
  EXPECT_EQ(closing.exchange(get("/healthz", "Connection: close\r\n")).field("Connection"),
            "close");
  EXPECT_TRUE(closing.closed());
}

TEST_F(ServerTest, RefusesWhatIsTooLargeAndCloses) {
  start();
  struct Case {
    std::string request;
    int status;
    const char* code;
  };
  for (const Case& c :
       {Case{with_body("POST /v1/orders", std::string(65'537, ' ')), 413, "body_too_large"},
        Case{get("/healthz", "X: " + std::string(9000, 'x') + "\r\n"), 431, "headers_too_large"},
        Case{get("/" + std::string(9000, 'x')), 414, "uri_too_long"},
        Case{"NOT HTTP\r\n\r\n", 400, "malformed_request"}}) {
    Client client(port);
    const Received answer = client.exchange(c.request);
    EXPECT_EQ(answer.status, c.status);
    EXPECT_EQ(answer.code(), c.code);
    EXPECT_EQ(answer.field("Content-Type"), "application/problem+json");
    EXPECT_EQ(answer.field("Connection"), "close");
    EXPECT_TRUE(client.closed());
  }
}

TEST_F(ServerTest, AnswersATruncatedBody) {
  start();
  Client client(port);
  const std::string whole = with_body("POST /v1/orders", kOrderBody);
  client.send(whole.substr(0, whole.size() - 1));
  client.end_sending();
  EXPECT_EQ(client.receive().code(), "malformed_request");
}

TEST_F(ServerTest, CutsSlowHeadersAndSlowBodies) {
  options.request_timeout = milliseconds(320);
  options.keep_alive_timeout = milliseconds(320);
  start();
  const auto begun = std::chrono::steady_clock::now();
  const std::string whole = with_body("POST /v1/orders", kOrderBody);
  for (const std::size_t sent : {std::size_t{20}, whole.size() - 1}) {
    Client client(port);
    client.send(whole.substr(0, sent));
    const Received answer = client.receive();
    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(answer.code(), "request_timeout");
    EXPECT_TRUE(client.closed());
  }
  Client silent(port);
  EXPECT_TRUE(silent.closed());
  Client idle(port);
  EXPECT_EQ(idle.exchange(get("/healthz")).status, 200);
  EXPECT_TRUE(idle.closed());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(8));
}

TEST_F(ServerTest, ATrickledHeaderDoesNotMoveItsDeadline) {
  options.request_timeout = milliseconds(320);
  start();
  Client client(port);
  std::atomic<bool> answered{false};
  std::thread trickle([&] {
    client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n");
    while (!answered) {
      client.send("X: x\r\n");
      std::this_thread::sleep_for(milliseconds(20));
    }
  });
  const Received answer = client.receive();
  answered = true;
  trickle.join();
  EXPECT_EQ(answer.status, 408);
}

TEST_F(ServerTest, TurnsConnectionsAwayBeyondItsLimit) {
  options.max_connections = 2;
  start();
  Client first(port);
  auto second = std::make_unique<Client>(port);
  EXPECT_EQ(first.exchange(get("/healthz")).status, 200);
  EXPECT_EQ(second->exchange(get("/healthz")).status, 200);
  Client third(port);
  const Received answer = third.exchange(get("/healthz"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "overloaded");
  EXPECT_FALSE(answer.field("Retry-After").empty());
  EXPECT_TRUE(third.closed());
  EXPECT_EQ(first.exchange(get("/healthz")).status, 200);

  second.reset();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  int status = 0;
  while (status != 200 && std::chrono::steady_clock::now() < until) {
    Client again(port);
    status = again.exchange(get("/healthz")).status;
  }
  EXPECT_EQ(status, 200);
}

TEST_F(ServerTest, StopEndsIdleConnectionsAndLetsRequestsEnd) {
  start();
  Client idle(port);
  EXPECT_EQ(idle.exchange(get("/healthz")).status, 200);
  Client busy(port);
  EXPECT_EQ(busy.exchange(get("/healthz")).status, 200);
  const std::string whole = with_body("POST /v1/orders", kOrderBody);
  busy.send(whole.substr(0, whole.size() - 1));
  boost::asio::co_spawn(io, server->stop(), [](std::exception_ptr) {});
  EXPECT_TRUE(idle.closed());
  busy.send(whole.substr(whole.size() - 1));
  const Received answer = busy.receive();
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_TRUE(busy.closed());
}

TEST_F(ServerTest, StopCutsWhatOutlastsTheGracePeriod) {
  options.grace = milliseconds(50);
  start();
  Client client(port);
  EXPECT_EQ(client.exchange(get("/healthz")).status, 200);
  client.send("GET /healthz HTTP/1.1\r\n");
  Client other(port);
  EXPECT_EQ(other.exchange(get("/healthz")).status, 200);
  stop();
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, AnExceptionOfAResourceIsA500AndTheConnectionGoesOn) {
  world.place = [](const flows::PlaceCommand&) -> flows::PlaceAnswer {
    throw std::runtime_error("a bug");
  };
  start();
  Client client(port);
  EXPECT_EQ(client.exchange(with_body("POST /v1/orders", kOrderBody)).code(), "internal_error");
  EXPECT_EQ(client.exchange(get("/healthz")).status, 200);
}

TEST_F(ServerTest, ChecksKeysAndRoles) {
  // SHA-256 of "shop-secret" and "operator-secret", by sha256sum.
  options.keys = {
      {"shop", "3c655a3878fd8e4145a5facca30188ce74792ddff5d57aaf2203bbe74a940cb5", Role::shop},
      {"operator", "ec585b7be286a5088d8687af4ce027f389cd098e2bb0dee876d5521fa4468f59",
       Role::operations}};
  world.stock = [](const Sku& sku) {
    return flows::StockView{sku, 1, 1, 0, 1, 0, 0, std::nullopt};
  };
  world.set_stock = [](const flows::SetStock&) { return flows::StockDeskAnswer{}; };
  start();
  Client client(port);
  const Received none = client.exchange(get("/v1/stock/A"));
  EXPECT_EQ(none.code(), "unauthenticated");
  EXPECT_TRUE(none.field("WWW-Authenticate").starts_with("Bearer"));
  EXPECT_EQ(client.exchange(get("/v1/stock/A", "Authorization: Bearer wrong\r\n")).status, 401);
  EXPECT_EQ(client.exchange(get("/v1/stock/A", "Authorization: Basic eDp5\r\n")).status, 401);
  EXPECT_EQ(client.exchange(get("/v1/stock/A", "Authorization: bearer shop-secret\r\n")).status,
            200);
  const std::string json = "Content-Type: application/json\r\n";
  EXPECT_EQ(client
                .exchange(with_body("PUT /v1/stock/A", "{}",
                                    json + "Authorization: Bearer shop-secret\r\n"))
                .code(),
            "forbidden");
  EXPECT_EQ(client
                .exchange(with_body("PUT /v1/stock/A", "{}",
                                    json + "Authorization: Bearer operator-secret\r\n"))
                .code(),
            "invalid_request");
  EXPECT_EQ(client.exchange(get("/healthz")).status, 200);
  EXPECT_EQ(client.exchange(get("/openapi.json")).status, 200);
  EXPECT_EQ(client.exchange(get("/metrics")).status, 401);
}

}  // namespace
}  // namespace holdfast::http
