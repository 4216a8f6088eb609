#pragma once

#include <mutex>

namespace holdfast::rabbitmq {

/// A wake-up call that can be polled: an eventfd. Thread-safe.
class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  void signal();
  void clear();
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

/// Lets another thread cut the socket that a thread may be blocked on inside the library. The
/// socket's owner attaches and detaches it; after `cut` nothing can be attached any more.
class SocketInterrupt {
 public:
  /// False when already cut: do not use the socket.
  [[nodiscard]] bool attach(int fd);
  void detach();
  void cut();
  [[nodiscard]] bool is_cut() const;

 private:
  mutable std::mutex mutex_;
  int fd_ = -1;
  bool cut_ = false;
};

}  // namespace holdfast::rabbitmq
