#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace holdfast::load {

// Latencies in logarithmic buckets, after HdrHistogram (Gil Tene): each power of two is cut into
// 128 equal buckets and a bucket is shown by its middle, so that a percentile is off by less than
// 0.5 % whatever its size, in constant memory (58 KiB). Owns its counts; one thread at a time.
class Histogram {
 public:
  Histogram();

  // Negative durations (a clock that was read out of order) count as 0.
  void record(std::chrono::nanoseconds value);
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds min() const;
  std::chrono::nanoseconds max() const;
  std::chrono::nanoseconds mean() const;

  // The smallest recorded value that at least `percent` (0 to 100) of all values do not exceed.
  // 0 when nothing was recorded; never outside of [min, max].
  std::chrono::nanoseconds percentile(double percent) const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t min_ns_ = UINT64_MAX;
  std::uint64_t max_ns_ = 0;
  long double sum_ns_ = 0;
};

}  // namespace holdfast::load
