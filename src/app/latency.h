#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace holdfast::app {

/// Latencies of about the last minute in logarithmic buckets (8 per doubling, 9 % wide). Any
/// thread may record; relaxed counters, since a status answer may be off by one.
class LatencyWindow {
 public:
  void record(std::chrono::microseconds took);
  /// Milliseconds below which the given share of the window lies; 0 when it is empty.
  [[nodiscard]] double percentile_ms(double share) const;
  /// Begins a new slice and forgets the oldest. Call it every 10 s.
  void turn();

 private:
  static constexpr std::size_t kBuckets = std::size_t{8} * 32;
  static constexpr std::size_t kSlices = 6;
  using Slice = std::array<std::atomic<std::uint64_t>, kBuckets>;

  std::array<Slice, kSlices> slices_{};
  std::atomic<std::size_t> current_{0};
};

}  // namespace holdfast::app
