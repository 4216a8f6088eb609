#include "adapters/rabbitmq/link.h"

#include <algorithm>
#include <utility>

#include "adapters/rabbitmq/limits.h"

namespace holdfast::rabbitmq {

PortError unavailable(const std::string& why) {
  return PortError{PortErrorKind::unavailable, Effect::none, "RabbitMQ: " + why};
}

void LinkStatus::up() {
  {
    const std::lock_guard lock(mutex_);
    error_.clear();
  }
  up_.store(true, std::memory_order_release);
}

void LinkStatus::down(std::string why) {
  up_.store(false, std::memory_order_release);
  complain(std::move(why));
}

void LinkStatus::complain(std::string why) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(why);
}

std::string LinkStatus::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

Milliseconds Backoff::next() {
  step_ = std::clamp<Milliseconds>(2 * step_, limits::kReconnectFirst, limits::kReconnectMax);
  std::uniform_int_distribution<std::int64_t> part(step_.count() / 2, step_.count());
  return Milliseconds(part(random_));
}

}  // namespace holdfast::rabbitmq
