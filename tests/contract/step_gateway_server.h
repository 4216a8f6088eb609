#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// The other side of steps as tests need it: an HTTP server that can also break off anywhere.
namespace holdfast::testing {

/// Opened once by the test; scripts of the server wait for it.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  /// Throws when it is not opened in time: the test has failed anyway.
  void wait() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [this] { return open_; })) {
      throw std::runtime_error("a gate was not opened");
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// One request as it came.
struct SeenRequest {
  std::string start_line;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  int connection = 0;  // 1 for the first that was accepted, …

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "(none)" : found->second;
  }
  [[nodiscard]] std::string key() const { return header("idempotency-key"); }
};

/// A response with a length, so that the connection can be used again.
inline std::string http_response(const std::string& status, const std::string& body = "",
                                 const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// The server's end of one connection; belongs to the connection's thread.
class Peer {
 public:
  Peer(int fd, int which) : number(which), fd_(fd) {}
  ~Peer() { close(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// False when the client has gone.
  bool send(std::string_view bytes) {
    while (fd_ >= 0 && !bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return fd_ >= 0;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// Ends what the connection's thread waits for; from any thread.
  void interrupt() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  }
  /// Ends the connection by RST instead of FIN.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  /// Says nothing until the client closes.
  void stay_silent() {
    while (receive()) continue;
  }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  /// The next request; nothing when the client has closed.
  std::optional<SeenRequest> read_request() {
    std::size_t head_end = 0;
    while ((head_end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    SeenRequest request = parse_head(std::string_view(input_).substr(0, head_end));
    input_.erase(0, head_end + 4);
    const auto length = static_cast<std::size_t>(std::stoul(request.header("content-length")));
    while (input_.size() < length) {
      if (!receive()) return std::nullopt;
    }
    request.body = input_.substr(0, length);
    input_.erase(0, length);
    request.connection = number;
    return request;
  }

  const int number;

 private:
  bool receive() {
    char buffer[65536];
    const auto got = fd_ < 0 ? 0 : ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  static SeenRequest parse_head(std::string_view head) {
    SeenRequest request;
    auto end = head.find("\r\n");
    request.start_line = head.substr(0, end);
    while (end != std::string_view::npos) {
      head.remove_prefix(end + 2);
      end = head.find("\r\n");
      const auto line = head.substr(0, end);
      const auto colon = line.find(": ");
      if (colon == std::string_view::npos) throw std::runtime_error("a header without a value");
      std::string name{line.substr(0, colon)};
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      });
      if (!request.headers.emplace(name, line.substr(colon + 2)).second) {
        throw std::runtime_error("a header twice: " + name);
      }
    }
    return request;
  }

  std::mutex mutex_;  // guards against closing while interrupted
  int fd_;
  std::string input_;
};

/// A socket that listens on a loopback port of its own.
class Listener {
 public:
  explicit Listener(int backlog = 64) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(fd_, backlog) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("the server cannot listen");
    }
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path = "/charges") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

/// Answers each request by a script, on a thread per connection. Owns its threads; what the script
/// refers to must outlive it.
class StepServer {
 public:
  using Script = std::function<void(Peer&, const SeenRequest&)>;
  /// What becomes of a connection before anything is read of it; true: it is served.
  using Greeting = std::function<bool(Peer&)>;

  explicit StepServer(
      Script script, Greeting greeting = [](Peer&) { return true; })
      : script_(std::move(script)),
        greeting_(std::move(greeting)),
        acceptor_([this] { accept(); }) {}
  ~StepServer() {
    stopping_ = true;
    acceptor_.join();
    for (auto& peer : peers_) peer->interrupt();
    for (auto& thread : threads_) thread.join();
  }
  StepServer(const StepServer&) = delete;
  StepServer& operator=(const StepServer&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "/charges") const {
    return listener_.url(path);
  }
  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] std::vector<SeenRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  [[nodiscard]] std::size_t count() const { return requests().size(); }
  [[nodiscard]] std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    for (const auto& request : requests()) keys.push_back(request.key());
    return keys;
  }

 private:
  void accept() {
    while (!stopping_) {
      pollfd waiting{listener_.fd(), POLLIN, 0};
      if (::poll(&waiting, 1, 20) != 1) continue;
      const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      peers_.push_back(std::make_shared<Peer>(fd, ++connections_));
      threads_.emplace_back([this, peer = peers_.back()] { serve(*peer); });
    }
  }

  void serve(Peer& peer) {
    try {
      if (!greeting_(peer)) return;
      while (auto request = peer.read_request()) {
        {
          const std::lock_guard lock(mutex_);
          requests_.push_back(*request);
        }
        script_(peer, *request);
      }
    } catch (const std::exception& error) {
      ADD_FAILURE() << "the server: " << error.what();
    }
    peer.close();
  }

  const Script script_;
  const Greeting greeting_;
  Listener listener_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<SeenRequest> requests_;
  std::vector<std::shared_ptr<Peer>> peers_;  // the acceptor's, until it has ended
  std::vector<std::thread> threads_;          // as well
  std::thread acceptor_;                      // last: begins when all the rest is there
};

}  // namespace holdfast::testing
