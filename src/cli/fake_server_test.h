#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// For tests of the command line only.

namespace holdfast::cli {

// Answers each connection's one request with the next prepared answer, on a thread of its own, and
// keeps the requests. With no answer left it closes the connection without one.
class FakeServer {
 public:
  struct Request {
    std::string head;  // request line and header fields
    std::string body;
    std::string line() const { return head.substr(0, head.find(" HTTP/")); }
  };

  FakeServer() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(socket_, 8) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no port for the fake server");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    shutdown(socket_, SHUT_RDWR);  // wakes accept
    thread_.join();
    close(socket_);
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  void answer(int status, const std::string& body, const std::string& header = "") {
    const std::lock_guard lock(mutex_);
    answers_.push_back("HTTP/1.1 " + std::to_string(status) +
                       " X\r\nContent-Length: " + std::to_string(body.size()) +
                       "\r\nConnection: close\r\n" + header + "\r\n" + body);
  }

  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (;;) {
      const int peer = accept(socket_, nullptr, nullptr);
      if (peer < 0) {
        return;
      }
      const auto request = read_request(peer);
      std::string reply;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        if (!answers_.empty()) {
          reply = answers_.front();
          answers_.pop_front();
        }
      }
      (void)!write(peer, reply.data(), reply.size());
      close(peer);
    }
  }

  static Request read_request(int peer) {
    std::string text;
    char buffer[4096];
    for (;;) {
      const auto end = text.find("\r\n\r\n");
      if (end != std::string::npos && text.size() >= end + 4 + body_length(text.substr(0, end))) {
        return {text.substr(0, end), text.substr(end + 4)};
      }
      const auto got = read(peer, buffer, sizeof buffer);
      if (got <= 0) {
        return {text, ""};
      }
      text.append(buffer, static_cast<std::size_t>(got));
    }
  }

  static std::size_t body_length(const std::string& head) {
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  }

  int socket_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::deque<std::string> answers_;
  std::vector<Request> requests_;
  std::thread thread_;
};

}  // namespace holdfast::cli
