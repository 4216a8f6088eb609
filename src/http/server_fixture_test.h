#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "http/fake_world_test.h"
#include "http/server.h"

namespace holdfast::http {

/// What a client received: one answer, or nothing when the server closed.
struct Received {
  int status = 0;
  std::string head;
  std::string body;
  bool closed = false;

  [[nodiscard]] boost::json::object json() const { return boost::json::parse(body).as_object(); }
  [[nodiscard]] std::string code() const { return std::string(json().at("code").as_string()); }
  [[nodiscard]] std::string field(std::string_view name) const {
    const std::string start = "\r\n" + std::string(name) + ": ";
    const std::size_t at = head.find(start);
    if (at == std::string::npos) return "";
    const std::size_t from = at + start.size();
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

/// A plain client that sends bytes as given. Blocking, with a deadline by socket options.
class Client {
 public:
  explicit Client(unsigned short port) : socket_(io_) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
    const timeval deadline{10, 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
  }

  void send(std::string_view bytes) {
    boost::system::error_code ignored;  // the server may have answered and closed already
    boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()), ignored);
  }
  void end_sending() { socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send); }

  Received receive(bool head_only = false) {
    Received answer;
    while (input_.find("\r\n\r\n") == std::string::npos) {
      if (!read_more()) {
        answer.closed = true;
        return answer;
      }
    }
    const std::size_t end = input_.find("\r\n\r\n") + 4;
    answer.head = input_.substr(0, end);
    input_.erase(0, end);
    answer.status = std::stoi(answer.head.substr(9, 3));
    const std::string length = answer.field("Content-Length");
    const std::size_t size = head_only || length.empty() ? 0 : std::stoul(length);
    while (input_.size() < size) {
      if (!read_more()) {
        ADD_FAILURE() << "the answer's body is cut";
        return answer;
      }
    }
    answer.body = input_.substr(0, size);
    input_.erase(0, size);
    return answer;
  }
  Received exchange(std::string_view bytes) {
    send(bytes);
    return receive();
  }
  /// True when the server has ended the connection and nothing more was sent.
  bool closed() { return input_.empty() && !read_more(); }

 private:
  bool read_more() {
    std::array<char, 8192> part{};
    const ssize_t n = ::recv(socket_.native_handle(), part.data(), part.size(), 0);
    if (n < 0 && errno != ECONNRESET) ADD_FAILURE() << "nothing came within the deadline";
    if (n <= 0) return false;
    input_.append(part.data(), static_cast<std::size_t>(n));
    return true;
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string input_;
};

inline std::string get(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

inline std::string with_body(std::string_view method_and_target, std::string_view body,
                             std::string_view fields = "Content-Type: application/json\r\n") {
  return std::string(method_and_target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline constexpr std::string_view kOrderBody =
    R"({"user_id":"u-1","currency":"CNY","lines":[{"sku":"A-1","quantity":1,"unit_price":1999}]})";

/// A server on a loopback port, on a thread of its own, with fake flows. The world is set up
/// before `start`, and looked at after `stop`.
class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture() {
    options.listen = {boost::asio::ip::address_v4::loopback(), 0};
    world.place = accept;
  }
  ~ServerFixture() override { stop(); }

  void start() {
    server = std::make_unique<Server>(io.get_executor(), options, flows.services);
    server->start();
    port = server->port();
    thread = std::thread([this] { io.run(); });
  }
  void stop() {
    if (!thread.joinable()) return;
    boost::asio::co_spawn(io, server->stop(), [](std::exception_ptr) {});
    thread.join();
  }

  FakeWorld world;
  FakeFlows flows{world};
  ServerOptions options;
  boost::asio::io_context io{1};
  std::unique_ptr<Server> server;
  std::thread thread;
  unsigned short port = 0;
};

}  // namespace holdfast::http
