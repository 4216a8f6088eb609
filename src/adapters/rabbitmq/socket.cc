#include "adapters/rabbitmq/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "adapters/rabbitmq/connection.h"

namespace holdfast::rabbitmq {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Closes the descriptor unless it was released, detached first so that nobody cuts a reused one.
class OwnedSocket {
 public:
  OwnedSocket(int fd, SocketInterrupt& interrupt) : fd_(fd), interrupt_(interrupt) {}
  ~OwnedSocket() {
    if (fd_ < 0) return;
    interrupt_.detach();
    ::close(fd_);
  }
  OwnedSocket(const OwnedSocket&) = delete;
  OwnedSocket& operator=(const OwnedSocket&) = delete;

  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
  SocketInterrupt& interrupt_;
};

std::string message_of(int error) {
  return std::generic_category().message(error);
}

void set_option(int fd, int level, int name, int value) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0) {
    throw ConnectionError("setsockopt: " + message_of(errno));
  }
}

void configure(int fd, const SocketSettings& settings) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(settings.user_timeout.count()));
}

/// Waits for the connection to be made, looking at the interrupt now and then. Zero or errno.
int await_connected(int fd, SteadyClock::time_point deadline, const SocketInterrupt& interrupt) {
  while (SteadyClock::now() < deadline) {
    if (interrupt.is_cut()) return ECANCELED;
    pollfd poll_fd{fd, POLLOUT, 0};
    const int ready = ::poll(&poll_fd, 1, 100);
    if (ready < 0 && errno != EINTR) return errno;
    if (ready <= 0) continue;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
  }
  return ETIMEDOUT;
}

/// One address: the descriptor, or -1 with errno in `error`.
int try_address(const addrinfo& address, const SocketSettings& settings,
                SteadyClock::time_point deadline, SocketInterrupt& interrupt, int& error) {
  OwnedSocket socket(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                              address.ai_protocol),
                     interrupt);
  if (socket.get() < 0) {
    error = errno;
    return -1;
  }
  if (!interrupt.attach(socket.get())) {
    error = ECANCELED;
    return -1;
  }
  configure(socket.get(), settings);
  error = 0;
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) error = errno;
  if (error == EINPROGRESS) error = await_connected(socket.get(), deadline, interrupt);
  return error == 0 ? socket.release() : -1;
}

}  // namespace

int connect_tcp(const AmqpUrl& url, const SocketSettings& settings, SocketInterrupt& interrupt) {
  const std::string place = url.host + ":" + std::to_string(url.port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
  if (status != 0) {
    throw ConnectionError("cannot resolve " + url.host + ": " + ::gai_strerror(status));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  const auto deadline = SteadyClock::now() + settings.connect_timeout;
  int error = ENOENT;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int fd = try_address(*address, settings, deadline, interrupt, error);
    if (fd >= 0) return fd;
  }
  throw ConnectionError("cannot connect to " + place + ": " + message_of(error));
}

}  // namespace holdfast::rabbitmq
