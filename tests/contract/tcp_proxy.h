#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace holdfast::testing {

/// A TCP proxy on a loopback port of its own that can cut its connections, keep back what the
/// server says, or say something in the server's name. Owns a thread; for tests.
class TcpProxy {
 public:
  TcpProxy(const std::string& server_host, std::uint16_t server_port)
      : server_host_(server_host), server_port_(server_port), listener_(listen_on_any()) {
    thread_ = std::thread([this] { run(); });
  }
  ~TcpProxy() {
    stopping_ = true;
    thread_.join();
    ::close(listener_);
  }
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// While true, nothing of the server reaches a client; it is lost when the connection is cut.
  void mute_server(bool muted) { muted_ = muted; }
  /// While true, new connections are closed at once.
  void refuse(bool refused) { refused_ = refused; }
  /// Closes all present connections; they are closed when it returns.
  void cut() {
    cut_ = true;
    cut_.wait(true);
  }
  /// Sends `bytes` to all clients, between what the server says.
  void say(std::string bytes) {
    const std::lock_guard lock(mutex_);
    to_say_ += bytes;
  }
  /// Bytes that clients have sent so far.
  [[nodiscard]] std::size_t sent_by_clients() const { return from_clients_; }
  [[nodiscard]] int accepted() const { return accepted_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    std::string kept_back;
  };

  int listen_on_any() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 16) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("the proxy cannot listen");
    }
    port_ = ntohs(address.sin_port);
    return fd;
  }

  void run() {
    while (!stopping_) {
      if (cut_) {
        close_all();
        cut_ = false;
        cut_.notify_all();
      }
      say_pending();
      std::vector<pollfd> fds{{listener_, POLLIN, 0}};
      for (const auto& pair : pairs_) {
        fds.push_back({pair.client, POLLIN, 0});
        fds.push_back({pair.server, POLLIN, 0});
      }
      ::poll(fds.data(), fds.size(), 5);
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        if ((fds[1 + 2 * i].revents != 0 && !from_client(pairs_[i])) ||
            (fds[2 + 2 * i].revents != 0 && !from_server(pairs_[i]))) {
          close_pair(pairs_[i]);
        } else if (!muted_ && !pairs_[i].kept_back.empty()) {
          send_all(pairs_[i].client, std::exchange(pairs_[i].kept_back, {}));
        }
      }
      std::erase_if(pairs_, [](const Pair& pair) { return pair.client < 0; });
      if (fds[0].revents != 0) accept_one();
    }
    close_all();
  }

  void accept_one() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    ++accepted_;
    const int server = refused_ ? -1 : ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_port_);
    ::inet_pton(AF_INET, server_host_.c_str(), &address.sin_addr);
    if (server < 0 ||
        ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(client);
      if (server >= 0) ::close(server);
      return;
    }
    pairs_.push_back({client, server, {}});
  }

  bool from_client(Pair& pair) {
    const auto data = read_some(pair.client);
    from_clients_ += data.size();
    return !data.empty() && send_all(pair.server, data);
  }

  bool from_server(Pair& pair) {
    const auto data = read_some(pair.server);
    if (data.empty()) return false;
    if (!muted_) return send_all(pair.client, data);
    pair.kept_back += data;
    return true;
  }

  void say_pending() {
    std::string bytes;
    {
      const std::lock_guard lock(mutex_);
      bytes.swap(to_say_);
    }
    if (bytes.empty()) return;
    for (const auto& pair : pairs_) send_all(pair.client, bytes);
  }

  static std::string read_some(int fd) {
    std::array<char, 65536> buffer{};
    const auto count = ::recv(fd, buffer.data(), buffer.size(), 0);
    return count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(count)) : std::string{};
  }

  static bool send_all(int fd, std::string_view data) {
    while (!data.empty()) {
      const auto count = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      data.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  static void close_pair(Pair& pair) {
    ::close(pair.client);
    ::close(pair.server);
    pair.client = -1;
  }

  void close_all() {
    for (auto& pair : pairs_) close_pair(pair);
    pairs_.clear();
  }

  const std::string server_host_;
  const std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  const int listener_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> muted_{false};
  std::atomic<bool> refused_{false};
  std::atomic<bool> cut_{false};
  std::atomic<std::size_t> from_clients_{0};
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  std::string to_say_;
  std::vector<Pair> pairs_;  // the thread's
  std::thread thread_;
};

}  // namespace holdfast::testing
