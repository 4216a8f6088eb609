#include "adapters/rabbitmq/link.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "adapters/rabbitmq/limits.h"

namespace holdfast::rabbitmq {

PortError unavailable(const std::string& why) {
  return PortError{PortErrorKind::unavailable, Effect::none, "RabbitMQ: " + why};
}

LinkStatus::LinkStatus(std::string name) : name_(std::move(name)) {
  // Made here, before there is a second thread that logs.
  static_cast<void>(spdlog::default_logger_raw());
}

void LinkStatus::up() {
  bool was_lost = false;
  {
    const std::lock_guard lock(mutex_);
    error_.clear();
    was_lost = !std::exchange(logged_, {}).empty();
  }
  up_.store(true, std::memory_order_release);
  if (was_lost) spdlog::info("rabbitmq: the {} is connected again", name_);
}

void LinkStatus::down(std::string why) {
  up_.store(false, std::memory_order_release);
  const std::lock_guard lock(mutex_);
  error_ = std::move(why);
}

void LinkStatus::lost(const std::string& why) {
  up_.store(false, std::memory_order_release);
  complain(why);
}

void LinkStatus::complain(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    error_ = why;
    if (logged_ == why) return;
    logged_ = why;
  }
  spdlog::warn("rabbitmq: the {}: {}", name_, why);
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
