#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace holdfast::testing {

/// A throw-away redis-server on loopback with a data folder of its own, for tests that pause, kill
/// or misconfigure it. Owns the child process; stops it by its pid.
class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> settings = durable()) {
    std::string pattern = std::filesystem::temp_directory_path() / "holdfast-redis-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for Redis");
    folder_ = pattern;
    port_ = free_port();
    start(std::move(settings));
  }
  ~RedisServer() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  static std::vector<std::string> durable() {
    return {"--appendonly", "yes", "--appendfsync", "always"};
  }

  void start(std::vector<std::string> settings = durable()) {
    const std::vector<std::string> fixed = {"redis-server",   "--port",      std::to_string(port_),
                                            "--bind",         "127.0.0.1",   "--dir",
                                            folder_,          "--save",      "",
                                            "--unixsocket",   socket_path(), "--logfile",
                                            folder_ + "/log", "--daemonize", "no"};
    settings.insert(settings.begin(), fixed.begin(), fixed.end());
    std::vector<char*> words;
    for (auto& word : settings) words.push_back(word.data());
    words.push_back(nullptr);
    if (posix_spawnp(&pid_, words[0], nullptr, nullptr, words.data(), environ) != 0) {
      throw std::runtime_error("redis-server cannot be started");
    }
  }
  /// Without a chance to save anything, as a crash would.
  void stop() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  [[nodiscard]] std::string url() const {
    return "redis://127.0.0.1:" + std::to_string(port_) + "/0";
  }
  [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string socket_path() const { return folder_ + "/redis.sock"; }

 private:
  static int free_port() {
    boost::asio::io_context loop;
    const boost::asio::ip::tcp::acceptor acceptor(loop,
                                                  {boost::asio::ip::address_v4::loopback(), 0});
    return acceptor.local_endpoint().port();
  }

  std::string folder_;
  int port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace holdfast::testing
