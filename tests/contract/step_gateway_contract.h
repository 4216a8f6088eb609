#pragma once

#include "tests/contract/step_gateway_fixture.h"

/// What every StepGateway must do. One source file of an adapter's tests includes this and
/// instantiates the suite with a harness of its own:
///   INSTANTIATE_TEST_SUITE_P(Name, StepGatewayContract, testing::Values(StepGatewayFactory{…}));
namespace holdfast::testing {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StepGatewayContract : public ::testing::TestWithParam<StepGatewayFactory>,
                            public StepGatewayFixture {
 protected:
  void SetUp() override {
    harness_ = GetParam()();
    gateway_ = harness_->open(loop_.get_executor());
  }
  void TearDown() override {
    if (gateway_) close();
  }
  void close() {
    harness_->stop(*gateway_);
    gateway_.reset();
    loop_.restart();
    loop_.poll();
  }
  StepAnswer ask(StepCall what) { return call(*gateway_, std::move(what)); }
  StepAnswer ask(const StepServer& server) { return ask(step_call(server.url())); }
  /// The call is lost in the way the script does it.
  void expect_unknown(StepServer::Script script, const std::string& why) {
    const StepServer server(std::move(script));
    const auto answer = ask(server);
    EXPECT_EQ(answer.kind, StepAnswerKind::unknown) << answer.detail;
    EXPECT_FALSE(answer.payment_declined);
    EXPECT_THAT(answer.detail, HasSubstr(why));
    EXPECT_EQ(server.count(), 1U) << "a call is sent once";
  }
  /// The call ends by its timeout, neither before nor much later.
  void expect_timeout(StepCall what) {
    what.timeout = 300ms;
    const auto began = std::chrono::steady_clock::now();
    const auto answer = ask(std::move(what));
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_EQ(answer.kind, StepAnswerKind::unknown);
    EXPECT_THAT(answer.detail, ::testing::ContainsRegex("after [0-9]+ m(illi)?s"));
    EXPECT_GE(took, 290ms) << answer.detail;
    EXPECT_LT(took, 10s);
  }

  std::unique_ptr<StepGatewayHarness> harness_;
  std::unique_ptr<StepGateway> gateway_;
};

TEST_P(StepGatewayContract, ACallIsAPostOfItsBody) {
  const StepServer server(answers(http_response("200 OK")));
  auto what = step_call(server.url("/charges?shop=1"));
  what.body = "{\"note\":\"\xe5\xba\x93 \\u0000 \\r\\n\",\"amount\":1}";
  EXPECT_EQ(ask(what).kind, StepAnswerKind::done);
  ASSERT_EQ(server.count(), 1U);
  const auto request = server.requests()[0];
  EXPECT_EQ(request.start_line, "POST /charges?shop=1 HTTP/1.1");
  EXPECT_EQ(request.body, what.body);
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("idempotency-key"), "o-1/payment/forward");
  EXPECT_EQ(request.header("webhook-id"), "o-1/payment/forward");
  EXPECT_EQ(request.header("webhook-signature"), "(none)");
}

TEST_P(StepGatewayContract, BodiesMayBeBigOrEmpty) {
  const StepServer server(answers(http_response("200 OK")));
  auto what = step_call(server.url());
  what.body = std::string(3'000'000, 'x');
  EXPECT_EQ(ask(what).kind, StepAnswerKind::done);
  what.body.clear();
  EXPECT_EQ(ask(what).kind, StepAnswerKind::done);
  EXPECT_EQ(server.requests()[0].body.size(), 3'000'000U);
  EXPECT_EQ(server.requests()[1].body, "");
}

TEST_P(StepGatewayContract, EveryClassOfStatusHasItsMeaning) {
  using enum StepAnswerKind;
  const std::vector<std::pair<std::string, StepAnswerKind>> table{
      {"200 OK", done},
      {"201 Created", done},
      {"204 No Content", done},
      {"299 Fine", done},
      {"202 Accepted", awaiting},
      {"300 Multiple Choices", unknown},
      {"301 Moved Permanently", unknown},
      {"302 Found", unknown},
      {"303 See Other", unknown},
      {"304 Not Modified", unknown},
      {"307 Temporary Redirect", unknown},
      {"308 Permanent Redirect", unknown},
      {"400 Bad Request", failed},
      {"401 Unauthorized", failed},
      {"402 Payment Required", failed},
      {"403 Forbidden", failed},
      {"404 Not Found", failed},
      {"407 Proxy Authentication Required", failed},
      {"408 Request Timeout", unknown},
      {"409 Conflict", failed},
      {"417 Expectation Failed", failed},
      {"422 Unprocessable Content", failed},
      {"425 Too Early", unknown},
      {"429 Too Many Requests", unknown},
      {"499 Client Closed Request", failed},
      {"500 Internal Server Error", unknown},
      {"502 Bad Gateway", unknown},
      {"503 Service Unavailable", unknown},
      {"504 Gateway Timeout", unknown},
      {"599 Who Knows", unknown},
      {"999 Beyond", unknown},
  };
  for (const auto& [status, kind] : table) {
    const StepServer server(answers(http_response(status)));
    const auto answer = ask(server);
    EXPECT_EQ(answer.kind, kind) << status << ": " << answer.detail;
    EXPECT_EQ(answer.payment_declined, status.starts_with("402")) << status;
    EXPECT_EQ(server.count(), 1U) << status << ": a call is sent once";
    if (kind == failed || kind == unknown) {
      EXPECT_THAT(answer.detail, HasSubstr(status));
    } else {
      EXPECT_EQ(answer.detail, "") << status;
    }
  }
}

TEST_P(StepGatewayContract, ASuccessMayNameAReferenceAndAnAmount) {
  const std::string body = R"({"reference":"ch_17","amount":1999})";
  for (const auto* status : {"200 OK", "202 Accepted"}) {
    const StepServer server(answers(http_response(status, body)));
    const auto answer = ask(server);
    EXPECT_EQ(answer.reference, "ch_17") << status;
    EXPECT_EQ(answer.amount, 1999) << status;
  }
}

TEST_P(StepGatewayContract, ABodyThatSaysNothingIsASuccessAllTheSame) {
  for (const auto* body : {"", "OK", "[1]", "{\"reference\":1}", "{\"reference\":\"x\"", "\xff"}) {
    const StepServer server(answers(http_response("200 OK", body)));
    const auto answer = ask(server);
    EXPECT_EQ(answer.kind, StepAnswerKind::done) << body;
    EXPECT_EQ(answer.reference, std::nullopt) << body;
    EXPECT_EQ(answer.amount, std::nullopt) << body;
  }
}

TEST_P(StepGatewayContract, ABodyMayComeInChunksOrUntilTheConnectionEnds) {
  const StepServer chunked(
      answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              "d\r\n{\"reference\":\r\n4\r\n\"c\"}\r\n0\r\n\r\n"));
  EXPECT_EQ(ask(chunked).reference, "c");
  const StepServer with_trailer(
      answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n"
              "11\r\n{\"reference\":\"t\"}\r\n0\r\nx-sum: 1\r\n\r\n"));
  EXPECT_EQ(ask(with_trailer).reference, "t");
  const StepServer until_end(closes_after("HTTP/1.0 200 OK\r\n\r\n{\"reference\":\"e\"}"));
  EXPECT_EQ(ask(until_end).reference, "e");
}

TEST_P(StepGatewayContract, AnInterimAnswerIsNotTheAnswer) {
  const std::string early = "HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\n";
  const StepServer server(answers("HTTP/1.1 100 Continue\r\n\r\n" + early +
                                  http_response("402 Payment Required", "no")));
  const auto answer = ask(server);
  EXPECT_EQ(answer.kind, StepAnswerKind::failed);
  EXPECT_TRUE(answer.payment_declined);
  EXPECT_THAT(answer.detail, ::testing::Not(HasSubstr("early")));
}

TEST_P(StepGatewayContract, ADetailTellsWhatWasAnswered) {
  const StepServer server(
      answers(http_response("503 Service Unavailable", "the bank\r\nis \x01 closed",
                            "Retry-After: 120\r\nContent-Type: text/plain\r\n"
                            "X-Request-Id: req-9\r\nX-Bank: shut\r\nSet-Cookie: s=private\r\n")));
  const auto detail = ask(server).detail;
  for (const auto* part :
       {"HTTP/1.1 503 Service Unavailable", "retry-after: 120", "content-type: text/plain",
        "x-request-id: req-9", "x-bank: shut", "the bank  is   closed"}) {
    EXPECT_THAT(detail, HasSubstr(part));
  }
  EXPECT_THAT(detail, ::testing::Not(HasSubstr("private")));
}

/// Writes a body without end, until the client has had enough.
inline StepServer::Script never_stops(std::string status) {
  return [status = std::move(status)](Peer& peer, const SeenRequest&) {
    peer.send("HTTP/1.1 " + status + "\r\n\r\n");
    while (peer.send(std::string(65'536, 'y'))) continue;
    peer.close();
  };
}

TEST_P(StepGatewayContract, TheStatusOfAnEndlessBodyCounts) {
  const StepServer success(never_stops("200 OK"));
  EXPECT_EQ(ask(success).kind, StepAnswerKind::done);
  const StepServer failure(never_stops("422 Unprocessable Content"));
  const auto answer = ask(failure);
  EXPECT_EQ(answer.kind, StepAnswerKind::failed);
  EXPECT_LT(answer.detail.size(), 3'000U);
  EXPECT_THAT(answer.detail, HasSubstr(std::string(500, 'y')));
}

TEST_P(StepGatewayContract, EndlessHeadersAreNoAnswer) {
  expect_unknown(
      [](Peer& peer, const SeenRequest&) {
        peer.send("HTTP/1.1 200 OK\r\n");
        while (peer.send("x-more: " + std::string(1'000, 'z') + "\r\n")) continue;
        peer.close();
      },
      "headers are too long");
}

TEST_P(StepGatewayContract, ATimeoutIsUnknownWhereverItStrikes) {
  const StepServer silent(falls_silent_after(""));
  expect_timeout(step_call(silent.url()));
  const StepServer in_headers(falls_silent_after("HTTP/1.1 200 OK\r\nContent-"));
  expect_timeout(step_call(in_headers.url()));
  const StepServer in_body(falls_silent_after("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"));
  expect_timeout(step_call(in_body.url()));
  const StepServer after_interim(falls_silent_after("HTTP/1.1 103 Early Hints\r\n\r\n"));
  expect_timeout(step_call(after_interim.url()));
}

TEST_P(StepGatewayContract, ATimeoutCoversConnecting) {
  // Nobody accepts, and the queue for that is full: the kernel drops what else wants to connect.
  const Listener full(0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(full.port());
  const int occupant = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(occupant, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  expect_timeout(step_call(full.url()));
  ::close(occupant);
}

TEST_P(StepGatewayContract, AConnectionThatBreaksIsUnknown) {
  expect_unknown(closes_after(""), "");
  expect_unknown([](Peer& peer, const SeenRequest&) { peer.reset(); }, "");
  expect_unknown(closes_after("HTTP/1.1 402 Payment"), "");
  expect_unknown(closes_after("HTTP/1.1 200 OK\r\n"), "HTTP/1.1 200 OK");
  expect_unknown(closes_after("HTTP/1.1 402 No\r\nContent-Length: 0\r\n"), "HTTP/1.1 402 No");
  expect_unknown(closes_after("HTTP/1.1 402 No\r\nContent-Length: 0\r\nX"), "HTTP/1.1 402 No");
  expect_unknown(closes_after("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"), "HTTP/1.1 200 OK");
  expect_unknown(closes_after("HTTP/1.1 402 No\r\nContent-Length: 9\r\n\r\n{}"), "HTTP/1.1 402 No");
  expect_unknown(closes_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "");
}

TEST_P(StepGatewayContract, WhatIsNoHttpIsUnknown) {
  expect_unknown(closes_after("220 mail.example ESMTP\r\n"), "");
  expect_unknown(closes_after(std::string(5'000, '\0')), "");
  expect_unknown(closes_after("{\"reference\":\"x\"}"), "");
}

TEST_P(StepGatewayContract, AConnectionEndedBeforeTheRequestWasReadIsUnknown) {
  const auto reset = [](Peer& peer) {
    peer.reset();
    return false;
  };
  const StepServer server(answers(http_response("200 OK")), reset);
  const auto answer = ask(server);
  EXPECT_EQ(answer.kind, StepAnswerKind::unknown) << answer.detail;
  EXPECT_NE(answer.detail, "");
  EXPECT_EQ(server.count(), 0U);
}

TEST_P(StepGatewayContract, NobodyThereIsUnknown) {
  std::string url;
  {
    const Listener gone;
    url = gone.url();
  }
  const auto refused = ask(step_call(url));
  EXPECT_EQ(refused.kind, StepAnswerKind::unknown);
  EXPECT_THAT(refused.detail, HasSubstr("127.0.0.1"));
  auto what = step_call("http://no-such-host.invalid/charges");  // RFC 2606
  what.timeout = 2s;
  const auto unresolved = ask(what);
  EXPECT_EQ(unresolved.kind, StepAnswerKind::unknown);
  EXPECT_NE(unresolved.detail, "");
}

TEST_P(StepGatewayContract, ARedirectIsNotFollowed) {
  const StepServer elsewhere(answers(http_response("200 OK")));
  for (const auto* status : {"301 Moved Permanently", "303 See Other", "307 Temporary Redirect"}) {
    const StepServer server(
        answers(http_response(status, "", "Location: " + elsewhere.url("/new") + "\r\n")));
    const auto answer = ask(server);
    EXPECT_EQ(answer.kind, StepAnswerKind::unknown);
    EXPECT_THAT(answer.detail, HasSubstr("redirects are not followed"));
    EXPECT_THAT(answer.detail, HasSubstr("location: " + elsewhere.url("/new")));
  }
  EXPECT_EQ(elsewhere.connections(), 0);
}

/// Holds every request until its turn, and knows how many there were at once.
class Turnstile {
 public:
  void hold(Peer& peer) {
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++inside_);
    const bool let_out =
        changed_.wait_for(lock, std::chrono::seconds(20), [this] { return tickets_ > 0; });
    EXPECT_TRUE(let_out);
    --tickets_;
    --inside_;
    lock.unlock();
    peer.send(http_response("200 OK"));
  }
  void let_out(int count) {
    const std::lock_guard lock(mutex_);
    tickets_ += count;
    changed_.notify_all();
  }
  int inside() {
    const std::lock_guard lock(mutex_);
    return inside_;
  }
  int most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int tickets_ = 0;
  int inside_ = 0;
  int most_ = 0;
};

TEST_P(StepGatewayContract, NoMoreCallsAtATimeThanAllowed) {
  Turnstile turnstile;
  const StepServer server([&](Peer& peer, const SeenRequest&) { turnstile.hold(peer); });
  std::vector<Pending> calls;
  for (int i = 0; i < 12; ++i) {
    auto what = step_call(server.url(), numbered_key(i));
    what.concurrency = 3;
    calls.push_back(start(*gateway_, std::move(what)));
  }
  for (int ended_calls = 0; ended_calls < 12; ++ended_calls) {
    const int expected = std::min(3, 12 - ended_calls);
    ASSERT_TRUE(wait_until([&] { return turnstile.inside() == expected; }));
    turnstile.let_out(1);
  }
  for (const auto& one : calls) {
    ASSERT_TRUE(ended(one));
    EXPECT_EQ((*one)->kind, StepAnswerKind::done);
  }
  EXPECT_EQ(turnstile.most(), 3);
}

TEST_P(StepGatewayContract, CallsWaitInTheOrderTheyCame) {
  const StepServer server(answers(http_response("200 OK")));
  std::vector<Pending> calls;
  std::vector<std::string> keys;
  for (int i = 0; i < 20; ++i) {
    keys.push_back(numbered_key(i));
    auto what = step_call(server.url(), keys.back());
    what.concurrency = 1;
    calls.push_back(start(*gateway_, std::move(what)));
  }
  for (const auto& one : calls) ASSERT_TRUE(ended(one));
  EXPECT_EQ(server.keys(), keys);
}

TEST_P(StepGatewayContract, TheTimeoutOfACallThatWaitsRunsFromWhenItIsSent) {
  const StepServer server([](Peer& peer, const SeenRequest& request) {
    if (request.key() == numbered_key(1)) return peer.stay_silent();
    peer.send(http_response("200 OK"));
  });
  auto first = step_call(server.url(), numbered_key(1));
  first.concurrency = 1;
  first.timeout = 900ms;
  auto second = step_call(server.url(), numbered_key(2));
  second.concurrency = 1;
  second.timeout = 600ms;
  const auto silent = start(*gateway_, first);
  const auto waiting = start(*gateway_, second);
  ASSERT_TRUE(ended(waiting));
  EXPECT_EQ((*waiting)->kind, StepAnswerKind::done) << (*waiting)->detail;
  ASSERT_TRUE(ended(silent));
  EXPECT_EQ((*silent)->kind, StepAnswerKind::unknown);
}

TEST_P(StepGatewayContract, ABusyUrlHoldsUpNoOther) {
  Gate gate;
  const StepServer server([&](Peer& peer, const SeenRequest& request) {
    if (request.start_line.starts_with("POST /busy")) gate.wait();
    peer.send(http_response("200 OK"));
  });
  auto busy = step_call(server.url("/busy"));
  busy.concurrency = 1;
  const auto first = start(*gateway_, busy);
  const auto second = start(*gateway_, busy);
  EXPECT_EQ(ask(step_call(server.url("/free"))).kind, StepAnswerKind::done);
  EXPECT_FALSE(*first);
  EXPECT_FALSE(*second);
  gate.open();
  ASSERT_TRUE(ended(first));
  ASSERT_TRUE(ended(second));
}

TEST_P(StepGatewayContract, ABoundThatIsRaisedLetsWaitingCallsGo) {
  Turnstile turnstile;
  const StepServer server([&](Peer& peer, const SeenRequest&) { turnstile.hold(peer); });
  auto what = step_call(server.url());
  what.concurrency = 1;
  std::vector<Pending> calls;
  for (int i = 0; i < 3; ++i) calls.push_back(start(*gateway_, what));
  ASSERT_TRUE(wait_until([&] { return turnstile.inside() == 1; }));
  what.concurrency = 4;
  calls.push_back(start(*gateway_, what));
  EXPECT_TRUE(wait_until([&] { return turnstile.inside() == 4; }));
  turnstile.let_out(4);
  for (const auto& one : calls) ASSERT_TRUE(ended(one));
}

TEST_P(StepGatewayContract, ManyCallsEachGetTheirOwnAnswer) {
  const StepServer server([](Peer& peer, const SeenRequest& request) {
    peer.send(http_response("200 OK", R"({"reference":")" + request.key() + R"("})"));
  });
  std::vector<Pending> calls;
  for (int i = 0; i < 300; ++i) {
    calls.push_back(start(*gateway_, step_call(server.url(), numbered_key(i))));
  }
  for (int i = 0; i < 300; ++i) {
    const auto& one = calls[static_cast<std::size_t>(i)];
    ASSERT_TRUE(ended(one));
    EXPECT_EQ((*one)->reference, numbered_key(i)) << (*one)->detail;
  }
}

TEST_P(StepGatewayContract, StoppingEndsCallsAsUnknown) {
  const StepServer server(falls_silent_after(""));
  auto what = step_call(server.url(), numbered_key(1));
  what.concurrency = 1;
  const auto sent = start(*gateway_, what);
  what.idempotency_key = numbered_key(2);
  const auto waiting = start(*gateway_, what);
  ASSERT_TRUE(wait_until([&] { return server.count() == 1; }));
  const auto began = std::chrono::steady_clock::now();
  harness_->stop(*gateway_);
  ASSERT_TRUE(ended(sent));
  ASSERT_TRUE(ended(waiting));
  what.idempotency_key = numbered_key(3);
  const auto later = ask(what);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  for (const auto& answer : {**sent, **waiting, later}) {
    EXPECT_EQ(answer.kind, StepAnswerKind::unknown);
    EXPECT_THAT(answer.detail, HasSubstr("stopped"));
  }
  EXPECT_THAT(server.keys(), ElementsAre(numbered_key(1)));
}

TEST_P(StepGatewayContract, AGatewayMayGoWhileCallsAreUnderWay) {
  const StepServer server(falls_silent_after(""));
  const auto pending = start(*gateway_, step_call(server.url()));
  ASSERT_TRUE(wait_until([&] { return server.count() == 1; }));
  gateway_.reset();
  ASSERT_TRUE(ended(pending));
  EXPECT_EQ((*pending)->kind, StepAnswerKind::unknown);
}

}  // namespace holdfast::testing
