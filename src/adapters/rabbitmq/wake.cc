#include "adapters/rabbitmq/wake.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace holdfast::rabbitmq {

Wake::Wake() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Wake::~Wake() {
  ::close(fd_);
}

void Wake::signal() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the reader is woken anyway.
  [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
}

void Wake::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(fd_, &count, sizeof count);
}

bool SocketInterrupt::attach(int fd) {
  const std::lock_guard lock(mutex_);
  if (cut_) return false;
  fd_ = fd;
  return true;
}

void SocketInterrupt::detach() {
  const std::lock_guard lock(mutex_);
  fd_ = -1;
}

void SocketInterrupt::cut() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

bool SocketInterrupt::is_cut() const {
  const std::lock_guard lock(mutex_);
  return cut_;
}

}  // namespace holdfast::rabbitmq
