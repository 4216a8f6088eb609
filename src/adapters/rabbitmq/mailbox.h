#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "adapters/rabbitmq/wake.h"

namespace holdfast::rabbitmq {

/// Commands from the loop to one adapter thread, in order. Owns the wake-up that the thread polls
/// beside its socket. Any thread pushes, one thread takes.
template <class Command>
class Mailbox {
 public:
  void push(Command command) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = commands_.empty();
      commands_.push_back(std::move(command));
    }
    if (was_empty) wake_.signal();
  }

  /// All commands so far; clears the wake-up first, so that none is missed.
  std::vector<Command> take() {
    wake_.clear();
    std::vector<Command> taken;
    const std::lock_guard lock(mutex_);
    taken.swap(commands_);
    return taken;
  }

  /// Wakes the thread without a command.
  void nudge() { wake_.signal(); }
  [[nodiscard]] int fd() const { return wake_.fd(); }

 private:
  Wake wake_;
  std::mutex mutex_;
  std::vector<Command> commands_;
};

}  // namespace holdfast::rabbitmq
