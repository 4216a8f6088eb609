#include "load/pacer.h"

#include <algorithm>
#include <cmath>

namespace holdfast::load {

Pacer::Pacer(Clock::time_point start, double per_second, std::uint64_t total)
    : start_(start), period_ns_(1e9 / per_second), total_(total) {}

Pacer::Clock::time_point Pacer::due_at(std::uint64_t n) const {
  const double offset_ns = std::round(static_cast<double>(n) * period_ns_);
  return start_ + std::chrono::nanoseconds{static_cast<std::int64_t>(offset_ns)};
}

std::uint64_t Pacer::due_by(Clock::time_point now) const {
  if (now < start_) {
    return 0;
  }
  const auto passed_ns = static_cast<double>((now - start_) / std::chrono::nanoseconds{1});
  auto due = static_cast<std::uint64_t>(passed_ns / period_ns_) + 1;
  // The division may round across a due time: due_at() is the definition, so agree with it.
  while (due > 0 && due_at(due - 1) > now) {
    --due;
  }
  while (due < total_ && due_at(due) <= now) {
    ++due;
  }
  return std::min(due, total_);
}

std::uint64_t Pacer::fitting(double per_second, std::chrono::nanoseconds time) {
  const double seconds = std::chrono::duration<double>(time).count();
  return static_cast<std::uint64_t>(std::max(1.0, std::ceil(per_second * seconds)));
}

}  // namespace holdfast::load
