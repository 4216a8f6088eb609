#include "load/driver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <set>
#include <thread>

#include "load/session.h"

namespace holdfast::load {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

// Answers GETs on loopback. Request number `stall_at` is answered after `stall`, and while it
// waits nobody else is answered either; the connection of request `break_at` is closed instead.
class FakeServer {
 public:
  struct Behaviour {
    std::uint64_t stall_at = UINT64_MAX;
    std::chrono::milliseconds stall{0};
    std::uint64_t break_at = UINT64_MAX;
    bool closes_each = false;
    bool is_silent = false;
    bool refuses_all = false;
  };

  explicit FakeServer(Behaviour behaviour)
      : behaviour_(behaviour), acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~FakeServer() {
    io_.stop();
    thread_.join();
  }

  Endpoint endpoint() const {
    return {.host = "127.0.0.1",
            .port = std::to_string(acceptor_.local_endpoint().port()),
            .bearer = ""};
  }

 private:
  struct Peer {
    explicit Peer(tcp::socket accepted) : socket(std::move(accepted)) {}
    tcp::socket socket;
    std::string in;
    std::string out;
  };

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (!error) {
        read(std::make_shared<Peer>(std::move(socket)));
        accept();
      }
    });
  }

  void read(std::shared_ptr<Peer> peer) {
    auto buffer = asio::dynamic_buffer(peer->in);
    asio::async_read_until(peer->socket, buffer, "\r\n\r\n",
                           [this, peer](error_code error, std::size_t count) {
                             if (!error) {
                               peer->in.erase(0, count);
                               answer(peer);
                             }
                           });
  }

  void answer(const std::shared_ptr<Peer>& peer) {
    const std::uint64_t number = requests_++;
    if (number == behaviour_.break_at) {
      peer->socket.close();
      return;
    }
    if (behaviour_.is_silent) {
      held_ = peer;
      return;
    }
    if (number == behaviour_.stall_at) {
      asio::steady_timer timer(io_, behaviour_.stall);
      timer.wait();
    }
    const char* status = number % 2 == 0 ? "200 OK" : "409 Conflict";
    if (behaviour_.refuses_all) {
      status = "503 Service Unavailable";
    }
    peer->out = std::string("HTTP/1.1 ") + status + "\r\n" +
                (behaviour_.closes_each ? "Connection: close\r\n" : "") +
                "Content-Length: 2\r\n\r\nok";
    asio::async_write(peer->socket, asio::buffer(peer->out),
                      [this, peer](error_code error, std::size_t) {
                        if (!error && !behaviour_.closes_each) {
                          read(peer);
                        }
                      });
  }

  Behaviour behaviour_;
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::uint64_t requests_ = 0;
  std::shared_ptr<Peer> held_;
  std::thread thread_;
};

class Gets final : public Workload {
 public:
  explicit Gets(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}
  void write_request(std::uint64_t, std::string& out) override {
    append_request(endpoint_, {"GET", "/", "", {}}, out);
  }
  void on_answer(std::uint64_t index, const Response& response) override {
    EXPECT_TRUE(seen.insert(index).second) << "answered twice: " << index;
    EXPECT_EQ(response.body, "ok");
  }
  std::set<std::uint64_t> seen;

 private:
  Endpoint endpoint_;
};

RunOptions options(std::uint64_t max_requests, std::chrono::milliseconds max_time) {
  RunOptions options;
  options.connections = 8;
  options.max_requests = max_requests;
  options.max_time = max_time;
  return options;
}

TEST(Driver, ClosedLoopSendsEachRequestOnce) {
  FakeServer server({});
  Gets gets(server.endpoint());
  const auto result = run_load(server.endpoint(), gets, options(1'000, 20s));
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_EQ(result->sent, 1'000U);
  EXPECT_EQ(result->answered, 1'000U);
  EXPECT_EQ(result->with_status(200), 500U);
  EXPECT_EQ(result->with_status(409), 500U);
  EXPECT_EQ(result->latency.count(), 1'000U);
  EXPECT_EQ(result->success_latency.count(), 500U);
  EXPECT_EQ(gets.seen.size(), 1'000U);
  EXPECT_EQ(result->broken + result->unanswered + result->unsent, 0U);
}

TEST(Driver, ClosedLoopEndsInTime) {
  FakeServer server({});
  Gets gets(server.endpoint());
  const auto result = run_load(server.endpoint(), gets, options(UINT64_MAX, 200ms));
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_GT(result->answered, 0U);
  EXPECT_EQ(result->answered, result->sent);
  EXPECT_LT(result->seconds(), 5.0);
}

TEST(Driver, ClosedLoopRestsWhenRefused) {
  FakeServer server({.refuses_all = true});
  Gets gets(server.endpoint());
  RunOptions run = options(4 * 8, 20s);  // four of each connection
  run.rest_when_refused = 50ms;
  const auto result = run_load(server.endpoint(), gets, run);
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_EQ(result->with_status(503), 32U);
  EXPECT_EQ(result->refused(), 32U);
  EXPECT_GE(result->seconds(), 3 * 0.05);
}

TEST(Driver, OpenLoopKeepsItsRate) {
  FakeServer server({});
  Gets gets(server.endpoint());
  RunOptions run = options(UINT64_MAX, 500ms);
  run.per_second = 400;
  const auto result = run_load(server.endpoint(), gets, run);
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_EQ(result->sent, 200U);
  EXPECT_EQ(result->answered, 200U);
  EXPECT_GT(result->seconds(), 0.45);
}

// The server stands still for 300 ms once. Of 250 requests in 500 ms, those due during the stall
// wait for up to 300 ms: the 90th percentile must show it. Counted from when they were really sent,
// at most 8 (one a connection) would.
TEST(Driver, OpenLoopCountsFromTheTimetable) {
  FakeServer server({.stall_at = 50, .stall = 300ms});
  Gets gets(server.endpoint());
  RunOptions run = options(UINT64_MAX, 500ms);
  run.per_second = 500;
  const auto result = run_load(server.endpoint(), gets, run);
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_EQ(result->answered, 250U);
  EXPECT_GT(result->latency.percentile(90), 200ms);
  EXPECT_GT(result->latency.percentile(60), 50ms);
}

TEST(Driver, CountsABrokenConnectionAndGoesOn) {
  FakeServer server({.break_at = 20});
  Gets gets(server.endpoint());
  const auto result = run_load(server.endpoint(), gets, options(200, 20s));
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_EQ(result->broken, 1U);
  EXPECT_EQ(result->answered, 199U);
  EXPECT_NE(result->first_error, "");
}

TEST(Driver, OpensAnewWhenTheServerCloses) {
  FakeServer server({.closes_each = true});
  Gets gets(server.endpoint());
  const auto result = run_load(server.endpoint(), gets, options(50, 20s));
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_EQ(result->answered, 50U);
  EXPECT_EQ(result->broken, 0U);
}

TEST(Driver, GivesUpOnSilence) {
  FakeServer server({.is_silent = true});
  Gets gets(server.endpoint());
  RunOptions run = options(1, 100ms);
  run.drain_time = 100ms;
  const auto result = run_load(server.endpoint(), gets, run);
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_EQ(result->unanswered, 1U);
}

TEST(Driver, StopsWhenTold) {
  FakeServer server({});
  Gets gets(server.endpoint());
  RunOptions run = options(UINT64_MAX, 60s);
  run.on_tick = [](const Progress& progress) { return progress.elapsed < 150ms; };
  const auto result = run_load(server.endpoint(), gets, run);
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_TRUE(result->stopped);
  EXPECT_LT(result->seconds(), 10.0);
}

Endpoint closed_port() {
  asio::io_context io;
  const tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const auto port = std::to_string(acceptor.local_endpoint().port());
  return {.host = "127.0.0.1", .port = port, .bearer = ""};
}

TEST(Driver, SaysThatNobodyIsThere) {
  const Endpoint nobody = closed_port();
  Gets gets(nobody);
  const auto result = run_load(nobody, gets, options(1, 1s));
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().find("could not be reached"), std::string::npos) << result.error();
}

TEST(Session, CallsAndCallsAgain) {
  FakeServer server({.closes_each = true});
  Session session(server.endpoint(), 5s);
  for (int i = 0; i < 3; ++i) {
    const auto answer = session.call({"GET", "/", "", {}});
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->body, "ok");
  }
}

TEST(Session, SaysWhatFailedAndWhetherItHadEffect) {
  Session to_nobody(closed_port(), 1s);
  const auto refused = to_nobody.call({"GET", "/", "", {}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().effect, Effect::kNone);
  FakeServer server({.is_silent = true});
  Session to_silence(server.endpoint(), 100ms);
  const auto silent = to_silence.call({"GET", "/", "", {}});
  ASSERT_FALSE(silent.has_value());
  EXPECT_EQ(silent.error().effect, Effect::kUnknown);
}

}  // namespace
}  // namespace holdfast::load
