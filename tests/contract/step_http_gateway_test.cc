#include <cstdlib>

#include "tests/contract/step_gateway_contract.h"
#include "tests/contract/step_gateway_http_harness.h"

namespace holdfast::testing {

INSTANTIATE_TEST_SUITE_P(Http, StepGatewayContract, ::testing::Values(StepGatewayFactory{[] {
                           return std::make_unique<HttpStepHarness>();
                         }}));

namespace {

class StepHttpGatewayTest : public StepHttpFixture {};

TEST_F(StepHttpGatewayTest, ASecretSignsTheCall) {
  const StepServer server(answers(http_response("200 OK")));
  auto what = step_call(server.url());
  what.secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  EXPECT_EQ(ask(what).kind, StepAnswerKind::done);
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.header("webhook-timestamp"), "1700000000");
  // By Python's hmac, over `o-1/payment/forward.1700000000.{"amount":1}`.
  EXPECT_EQ(request.header("webhook-signature"), "v1,uO/LG0llALsdC8gPMRWe45Ql0zWShrcaCedw+zDzN+w=");
}

TEST_F(StepHttpGatewayTest, WithABadSecretNothingIsSent) {
  const StepServer server(answers(http_response("200 OK")));
  auto what = step_call(server.url());
  what.secret = "whsec_hunter2!";
  const auto answer = ask(what);
  EXPECT_EQ(answer.kind, StepAnswerKind::unknown);
  EXPECT_EQ(answer.detail, "not sent: the webhook secret is not whsec_ followed by base64");
  EXPECT_EQ(server.connections(), 0);
  what.secret.clear();
  EXPECT_EQ(ask(what).kind, StepAnswerKind::done) << "the failed call still holds its place";
}

TEST_F(StepHttpGatewayTest, SaysWhoCalls) {
  harness_.options.user_agent = "holdfast/9.9 (test)";
  const StepServer server(answers(http_response("200 OK")));
  auto what = step_call(server.url());
  what.body = std::string(3'000'000, 'x');
  EXPECT_EQ(ask(what).kind, StepAnswerKind::done);
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.header("user-agent"), "holdfast/9.9 (test)");
  EXPECT_EQ(request.header("expect"), "(none)");
  EXPECT_EQ(request.header("upgrade"), "(none)");
}

TEST_F(StepHttpGatewayTest, AKeyThatCouldEndAHeaderIsOurBug) {
  auto what = step_call("http://127.0.0.1:1/", "a\r\nx-injected: 1");
  EXPECT_DEATH(ask(what), "assertion failed");
}

TEST_F(StepHttpGatewayTest, ConnectionsAreUsedAgain) {
  const StepServer server(answers(http_response("200 OK", "{}")));
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(ask(step_call(server.url(), numbered_key(i))).kind, StepAnswerKind::done);
  }
  EXPECT_EQ(server.count(), 20U);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(StepHttpGatewayTest, AnAnswerThatWasCutShortEndsItsConnection) {
  const StepServer server([](Peer& peer, const SeenRequest& request) {
    if (request.key() == numbered_key(1)) {
      peer.send(http_response("200 OK", std::string(300'000, 'y')));
    } else {
      peer.send(http_response("200 OK", R"({"reference":"second"})"));
    }
  });
  EXPECT_EQ(ask(step_call(server.url(), numbered_key(1))).kind, StepAnswerKind::done);
  EXPECT_EQ(ask(step_call(server.url(), numbered_key(2))).reference, "second");
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(StepHttpGatewayTest, AServerMayCloseAfterEachAnswer) {
  const StepServer server(closes_after(http_response("200 OK")));
  for (int i = 0; i < 100; ++i) {
    const auto answer = ask(step_call(server.url(), numbered_key(i)));
    ASSERT_EQ(answer.kind, StepAnswerKind::done) << i << ": " << answer.detail;
  }
  EXPECT_GE(server.connections(), 100);
}

// The race that no client can avoid: the server closes an idle connection while the next request
// is on its way. Here it even reads the request before it closes.
TEST_F(StepHttpGatewayTest, ARequestLostWithAnIdleConnectionIsSentOnceMoreUnderItsKey) {
  for (const bool by_reset : {false, true}) {
    const StepServer server([by_reset](Peer& peer, const SeenRequest& request) {
      if (request.key() == numbered_key(1)) {
        peer.send(http_response("200 OK"));
      } else if (peer.number == 1) {
        by_reset ? peer.reset() : peer.close();
      } else {
        peer.send(http_response("200 OK", R"({"reference":"once"})"));
      }
    });
    ASSERT_EQ(ask(step_call(server.url(), numbered_key(1))).kind, StepAnswerKind::done);
    const auto answer = ask(step_call(server.url(), numbered_key(2)));
    EXPECT_EQ(answer.kind, StepAnswerKind::done) << answer.detail;
    EXPECT_EQ(answer.reference, "once");
    EXPECT_THAT(server.keys(), ElementsAre(numbered_key(1), numbered_key(2), numbered_key(2)));
    EXPECT_EQ(server.requests()[1].body, server.requests()[2].body);
  }
}

TEST_F(StepHttpGatewayTest, ARequestLostTwiceIsUnknown) {
  const StepServer server([](Peer& peer, const SeenRequest& request) {
    if (request.key() != numbered_key(1)) return peer.close();
    peer.send(http_response("200 OK"));
  });
  ASSERT_EQ(ask(step_call(server.url(), numbered_key(1))).kind, StepAnswerKind::done);
  EXPECT_EQ(ask(step_call(server.url(), numbered_key(2))).kind, StepAnswerKind::unknown);
  EXPECT_THAT(server.keys(), ElementsAre(numbered_key(1), numbered_key(2), numbered_key(2)));
}

TEST_F(StepHttpGatewayTest, AnAnswerBegunOnAnIdleConnectionIsNotAskedForAgain) {
  const StepServer server([](Peer& peer, const SeenRequest& request) {
    if (request.key() == numbered_key(1)) {
      peer.send(http_response("200 OK"));
    } else {
      peer.send("HTTP/1.1 200 OK\r\n");
      peer.close();
    }
  });
  ASSERT_EQ(ask(step_call(server.url(), numbered_key(1))).kind, StepAnswerKind::done);
  EXPECT_EQ(ask(step_call(server.url(), numbered_key(2))).kind, StepAnswerKind::unknown);
  EXPECT_THAT(server.keys(), ElementsAre(numbered_key(1), numbered_key(2)));
}

/// Sets a variable for one test.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() { ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

TEST_F(StepHttpGatewayTest, TheEnvironmentsProxiesAreNotUsed) {
  const StepServer proxy(answers(http_response("418 I'm a proxy")));
  const Environment http("http_proxy", proxy.url(""));
  const Environment all("all_proxy", proxy.url(""));
  const Environment except("no_proxy", "elsewhere.example");
  const StepServer server(answers(http_response("200 OK")));
  EXPECT_EQ(ask(step_call(server.url())).kind, StepAnswerKind::done);
  EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(StepHttpGatewayTest, OnlyHttpIsSpoken) {
  const StepServer server(answers(http_response("200 OK")));
  const std::string place = "127.0.0.1:" + std::to_string(server.port()) + "/x";
  for (const std::string& url :
       {"ftp://" + place, "gopher://" + place, "telnet://" + place,
        std::string{"file:///etc/hostname"}, std::string{"http://[:/"}, std::string{}}) {
    const auto answer = ask(step_call(url));
    EXPECT_EQ(answer.kind, StepAnswerKind::unknown) << url;
    EXPECT_NE(answer.detail, "") << url;
    EXPECT_EQ(answer.reference, std::nullopt);
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(StepHttpGatewayTest, ASwitchOfProtocolsIsNoAnswer) {
  const StepServer server(closes_after(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"));
  EXPECT_EQ(ask(step_call(server.url())).kind, StepAnswerKind::unknown);
}

TEST_F(StepHttpGatewayTest, MoreOpenCallsThanAllowedAreNotSent) {
  harness_.options.max_open_calls = 2;
  Gate gate;
  const StepServer server([&](Peer& peer, const SeenRequest&) {
    gate.wait();
    peer.send(http_response("200 OK"));
  });
  auto what = step_call(server.url());
  what.concurrency = 1;
  const auto first = start(gateway(), what);
  const auto second = start(gateway(), what);
  ASSERT_TRUE(wait_until([&] { return server.count() == 1; }));
  const auto third = ask(what);
  EXPECT_EQ(third.kind, StepAnswerKind::unknown);
  EXPECT_THAT(third.detail, HasSubstr("too many calls"));
  gate.open();
  ASSERT_TRUE(ended(first));
  ASSERT_TRUE(ended(second));
  EXPECT_EQ(ask(what).kind, StepAnswerKind::done);
}

// Leaks where a waiting coroutine and what keeps it hold each other; the sanitizer tells.
TEST_F(StepHttpGatewayTest, ALoopMayEndWithCallsThatNobodyResumes) {
  const StepServer server(falls_silent_after(""));
  auto loop = std::make_unique<boost::asio::io_context>(1);
  auto doomed = harness_.open_http(loop->get_executor());
  bool resumed = false;
  boost::asio::co_spawn(*loop, doomed->call(step_call(server.url())),
                        [&resumed](std::exception_ptr, const StepAnswer&) { resumed = true; });
  loop->poll();
  ASSERT_TRUE(wait_until([&] { return server.count() == 1; }));
  doomed->stop();
  doomed.reset();
  loop.reset();
  EXPECT_FALSE(resumed);
}

TEST_F(StepHttpGatewayTest, ATimeoutOfNothingIsATimeoutAtOnce) {
  const StepServer server(falls_silent_after(""));
  auto what = step_call(server.url());
  for (const Milliseconds timeout : {Milliseconds{0}, Milliseconds{-5}, Milliseconds{1}}) {
    what.timeout = timeout;
    EXPECT_EQ(ask(what).kind, StepAnswerKind::unknown);
  }
}

TEST_F(StepHttpGatewayTest, AnEndlessTimeoutIsTaken) {
  const StepServer server(answers(http_response("200 OK")));
  auto what = step_call(server.url());
  what.timeout = Milliseconds::max();
  EXPECT_EQ(ask(what).kind, StepAnswerKind::done);
}

}  // namespace
}  // namespace holdfast::testing
