#pragma once

#include <chrono>
#include <cstdint>

namespace holdfast::load {

// The timetable of an open loop: request n is meant to leave at start + n / rate, whatever became
// of those before it. Latency counted from that time, and not from when a connection was free at
// last, is what a buyer would feel (no "coordinated omission"). Every time is computed from n, so
// that rounding never adds up. A value: owns nothing, any thread.
class Pacer {
 public:
  using Clock = std::chrono::steady_clock;

  // `per_second` must be above 0; `total` is the number of requests in the timetable.
  Pacer(Clock::time_point start, double per_second, std::uint64_t total);

  // When request `n` is meant to leave.
  Clock::time_point due_at(std::uint64_t n) const;
  // How many requests are meant to have left at `now`: never more than `total`.
  std::uint64_t due_by(Clock::time_point now) const;
  std::uint64_t total() const { return total_; }

  // The number of requests that fit into `time`, the first of them at 0.
  static std::uint64_t fitting(double per_second, std::chrono::nanoseconds time);

 private:
  Clock::time_point start_;
  double period_ns_;
  std::uint64_t total_;
};

}  // namespace holdfast::load
