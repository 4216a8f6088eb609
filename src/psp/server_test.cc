#include "psp/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace holdfast::psp {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using asio::ip::tcp;
using Fields = std::map<std::string, std::string>;
using std::chrono::milliseconds;

constexpr int kPatienceSeconds = 20;

void limit_patience(tcp::socket& socket) {
  const timeval deadline{kPatienceSeconds, 0};
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
}

struct Answer {
  unsigned status = 0;  ///< 0: the connection ended without one
  json::value body;
  std::string allow;
};

/// A client on one connection. Blocking, with a deadline.
class Client {
 public:
  explicit Client(unsigned short port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    limit_patience(socket_);
  }

  Answer receive() {
    http::response<http::string_body> response;
    boost::system::error_code error;
    http::read(socket_, buffer_, response, error);
    EXPECT_NE(error, asio::error::try_again) << "nothing came within the deadline";
    if (error) return {};
    Answer answer{response.result_int(), nullptr, std::string(response[http::field::allow])};
    if (!response.body().empty()) answer.body = json::parse(response.body());
    return answer;
  }
  void write(http::verb method, const std::string& target, const std::string& body,
             const Fields& fields) {
    http::request<http::string_body> request(method, target, 11, body);
    request.set(http::field::host, "psp");
    for (const auto& [name, value] : fields) request.insert(name, value);
    request.prepare_payload();
    http::write(socket_, request);
  }
  Answer send(http::verb method, const std::string& target, const std::string& body = "",
              const Fields& fields = {}) {
    write(method, target, body, fields);
    return receive();
  }
  /// All that comes until the server closes.
  std::string bytes_of(std::string_view request) {
    asio::write(socket_, asio::buffer(request.data(), request.size()));
    std::string received;
    boost::system::error_code error;
    asio::read(socket_, asio::dynamic_buffer(received), error);
    EXPECT_EQ(error, asio::error::eof);
    return received;
  }
  /// Neither an answer nor the end has come.
  bool is_kept_waiting() {
    char byte = 0;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 &&
           errno == EAGAIN;
  }
  Answer send_bytes(std::string_view bytes) {
    boost::system::error_code ignored;  // it may have been refused half-way
    asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), ignored);
    return receive();
  }

 private:
  asio::io_context io_;
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

/// Where reports come to; each is taken and answered when the test says.
class FakeHoldfast {
 public:
  FakeHoldfast() : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}) {}
  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }

  /// The next report; fails the test when none comes.
  http::request<http::string_body> take(unsigned status) {
    http::request<http::string_body> request;
    std::optional<tcp::socket> socket;
    acceptor_.async_accept([&](boost::system::error_code error, tcp::socket peer) {
      if (!error) socket.emplace(std::move(peer));
    });
    io_.restart();
    io_.run_for(std::chrono::seconds(kPatienceSeconds));
    if (!socket) {
      ADD_FAILURE() << "no report came";
      acceptor_.cancel();
      io_.restart();
      io_.run();
      return request;
    }
    limit_patience(*socket);
    boost::beast::flat_buffer buffer;
    http::read(*socket, buffer, request);
    http::response<http::string_body> response(static_cast<http::status>(status), 11, "{}");
    response.prepare_payload();
    http::write(*socket, response);
    return request;
  }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { options.listen.port(0); }
  ~ServerTest() override {
    io.stop();
    if (thread.joinable()) thread.join();
  }
  void start() {
    server = std::make_unique<Server>(io.get_executor(), options);
    server->start();
    client = std::make_unique<Client>(server->port());
    thread = std::thread([this] { io.run(); });
  }

  static std::string body_of(const std::string& order, const std::string& direction,
                             json::object attributes = {}) {
    return json::serialize(json::object{{"order_id", order},
                                        {"step", "payment"},
                                        {"direction", direction},
                                        {"amount", 1000},
                                        {"currency", "CNY"},
                                        {"attributes", std::move(attributes)}});
  }
  Answer charge(const std::string& order, json::object attributes = {}) {
    return client->send(http::verb::post, "/charges",
                        body_of(order, "forward", std::move(attributes)),
                        {{"Idempotency-Key", order + "/payment/forward"}});
  }
  json::value get(const std::string& target) { return client->send(http::verb::get, target).body; }
  /// Waits until `target` shows `value` at `pointer`.
  void expect_soon(const std::string& target, const std::string& pointer,
                   const json::value& value) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(kPatienceSeconds);
    json::value seen;
    do {
      seen = get(target).at_pointer(pointer);
    } while (seen != value && std::chrono::steady_clock::now() < until);
    EXPECT_EQ(seen, value) << target << pointer;
  }

  ServerOptions options;
  asio::io_context io{1};
  std::unique_ptr<Server> server;
  std::unique_ptr<Client> client;
  std::thread thread;
};

TEST_F(ServerTest, ChargesRefundsAndRecordsOnOneConnection) {
  start();
  const Answer charged = charge("o-1");
  EXPECT_EQ(charged.status, 200U);
  EXPECT_EQ(charged.body.at("amount"), 1000);
  const Answer refunded = client->send(http::verb::post, "/refunds", body_of("o-1", "reverse"),
                                       {{"Idempotency-Key", "\"o-1/payment/reverse/cancel\""}});
  EXPECT_EQ(refunded.status, 200U);
  EXPECT_EQ(get("/records/o-1").at_pointer("/refunds/0/charge_key"), "o-1/payment/forward");
  EXPECT_EQ(get("/records").at_pointer("/totals/refunded"), 1000);
  EXPECT_EQ(get("/healthz").at("status"), "ok");
}

TEST_F(ServerTest, RefusesWhatItHasNot) {
  start();
  EXPECT_EQ(client->send(http::verb::get, "/").status, 404U);
  EXPECT_EQ(client->send(http::verb::get, "/records/").status, 404U);
  const Answer wrong = client->send(http::verb::get, "/charges");
  EXPECT_EQ(wrong.status, 405U);
  EXPECT_EQ(wrong.allow, "POST");
  EXPECT_EQ(client->send(http::verb::delete_, "/switches").allow, "GET, PUT");
}

TEST_F(ServerTest, AnAnswerWithoutABodyHasNoneOnTheWire) {
  start();
  Client other(server->port());
  const std::string reset = other.bytes_of("POST /reset HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(reset.starts_with("HTTP/1.1 204 ")) << reset;
  EXPECT_EQ(reset.find("Content-Length"), std::string::npos) << reset;
  Client third(server->port());
  const std::string head = third.bytes_of("HEAD /reset HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 405 ")) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST_F(ServerTest, RefusesWrongCallsAndGoesOn) {
  start();
  const Fields key{{"Idempotency-Key", "o-1/payment/forward"}};
  const auto post = [&](const std::string& body, const Fields& fields) {
    return client->send(http::verb::post, "/charges", body, fields).status;
  };
  EXPECT_EQ(post("{", key), 400U);
  EXPECT_EQ(post("", key), 400U);
  EXPECT_EQ(post("{}", key), 400U);
  EXPECT_EQ(post(body_of("o-1", "forward"), {}), 400U);
  EXPECT_EQ(post(body_of("o-1", "forward"), {{"Idempotency-Key", ""}}), 400U);
  EXPECT_EQ(post(body_of("o-2", "forward"), key), 400U);
  EXPECT_EQ(charge("o-1").status, 200U);
  EXPECT_EQ(get("/records").at_pointer("/totals/calls"), 1);
}

TEST_F(ServerTest, BoundsBodiesAndHeaders) {
  start();
  const std::string head = "POST /charges HTTP/1.1\r\nHost: psp\r\n";
  const auto with_length = [&](std::size_t bytes) {
    return head + "Content-Length: " + std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, ' ');
  };
  EXPECT_EQ(Client(server->port()).send_bytes(with_length(65536)).status, 400U);  // no key
  EXPECT_EQ(Client(server->port()).send_bytes(with_length(65537)).status, 413U);
  EXPECT_EQ(Client(server->port())
                .send_bytes(head + "X-Long: " + std::string(9000, 'x') + "\r\n\r\n")
                .status,
            431U);
  EXPECT_EQ(Client(server->port()).send_bytes("no request\r\n\r\n").status, 400U);
}

TEST_F(ServerTest, HangsWithoutAnEffect) {
  start();
  Client waiting(server->port());
  waiting.write(http::verb::post, "/charges", body_of("o-1", "forward", {{"psp", "hang"}}),
                {{"Idempotency-Key", "o-1/payment/forward"}});
  expect_soon("/records/o-1", "/totals/calls", 1);
  EXPECT_TRUE(waiting.is_kept_waiting());
  EXPECT_EQ(get("/records").at_pointer("/totals/charges"), 0);
}

TEST_F(ServerTest, LosesAnswersAfterTheEffect) {
  start();
  int dropped = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string order = "o-" + std::to_string(i);
    const unsigned status = charge(order, {{"psp", "lose-answer"}}).status;
    EXPECT_TRUE(status == 0 || status == 500) << status;
    if (status != 0) continue;
    ++dropped;
    client = std::make_unique<Client>(server->port());
  }
  EXPECT_GT(dropped, 0);
  EXPECT_LT(dropped, 20);
  EXPECT_EQ(get("/records").at_pointer("/totals/charged"), 20'000);
}

TEST_F(ServerTest, SwitchesAreChangedWhileItRuns) {
  start();
  EXPECT_EQ(client->send(http::verb::put, "/switches", R"({"decline": 1})").status, 200U);
  EXPECT_EQ(get("/switches").at("decline"), 1);
  EXPECT_EQ(charge("o-1").status, 402U);
  EXPECT_EQ(client->send(http::verb::put, "/switches", R"({"decline": 2})").status, 400U);
  EXPECT_EQ(client->send(http::verb::put, "/switches", "{").status, 400U);
  EXPECT_EQ(get("/records").at("declined"), 1);
  EXPECT_EQ(client->send(http::verb::post, "/reset").status, 204U);
  EXPECT_EQ(get("/records").at("declined"), 0);
  EXPECT_EQ(charge("o-1").status, 402U);
}

TEST_F(ServerTest, DelaysTheEffectAndTheAnswer) {
  options.switches.delay = milliseconds(200);
  start();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(charge("o-1").status, 200U);
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(200));
}

TEST_F(ServerTest, ReportsADeferredChargeUntilItIsTaken) {
  FakeHoldfast holdfast;
  options.switches.report_delay = milliseconds(1);
  options.report = {.host = "127.0.0.1", .port = holdfast.port(), .path = "/shop", .key = "secret"};
  start();
  EXPECT_EQ(charge("o-1", {{"psp", "defer"}}).status, 202U);
  EXPECT_EQ(holdfast.take(503).target(), "/shop/v1/orders/o-1/steps/payment");
  const auto report = holdfast.take(200);
  EXPECT_EQ(report.method(), http::verb::post);
  EXPECT_EQ(report[http::field::authorization], "Bearer secret");
  const Answer done = charge("o-1", {{"psp", "defer"}});
  EXPECT_EQ(done.status, 200U);
  EXPECT_EQ(json::parse(report.body()),
            (json::object{{"outcome", "succeeded"}, {"reference", done.body.at("reference")}}));
  expect_soon("/records", "/reports/delivered", 1);
  EXPECT_EQ(get("/records").at_pointer("/reports/waiting"), 0);
}

TEST_F(ServerTest, AReportThatIsRefusedIsNotSentAgain) {
  FakeHoldfast holdfast;
  options.switches.report_delay = milliseconds(1);
  options.report.port = holdfast.port();
  start();
  EXPECT_EQ(charge("o-1", {{"psp", "defer"}}).status, 202U);
  EXPECT_EQ(holdfast.take(409)[http::field::authorization], "");
  expect_soon("/records", "/reports/refused", 1);
  EXPECT_EQ(get("/records").at_pointer("/reports/waiting"), 0);
}

TEST_F(ServerTest, WantsSignedCallsWhenItHasASecret) {
  const Secret secret = Secret::parse("whsec_plJ3nmyCDGBKInavdOK15jsl").value();
  options.secret = secret;
  start();
  EXPECT_EQ(charge("o-1").status, 401U);
  const std::string key = "o-1/payment/forward";
  const std::string body = body_of("o-1", "forward");
  const std::string now = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                                             std::chrono::system_clock::now().time_since_epoch())
                                             .count());
  const auto send = [&](const std::string& id, const std::string& sent_body) {
    return client
        ->send(http::verb::post, "/charges", sent_body,
               {{"Idempotency-Key", key},
                {"webhook-id", id},
                {"webhook-timestamp", now},
                {"webhook-signature", secret.sign(id, now, body)}})
        .status;
  };
  EXPECT_EQ(send(key, body + " "), 401U);
  EXPECT_EQ(send("other", body), 401U);
  EXPECT_EQ(send(key, body), 200U);
  EXPECT_EQ(get("/records").at_pointer("/totals/calls"), 1);
}

TEST_F(ServerTest, ATakenPortIsToldAtTheStart) {
  start();
  options.listen.port(server->port());
  asio::io_context own;
  Server second(own.get_executor(), options);
  EXPECT_THROW(second.start(), boost::system::system_error);
}

}  // namespace
}  // namespace holdfast::psp
