#include "app/latency.h"

#include <algorithm>
#include <cmath>

namespace holdfast::app {

void LatencyWindow::record(std::chrono::microseconds took) {
  const auto us = static_cast<double>(std::max<std::int64_t>(took.count(), 1));
  const auto bucket = static_cast<std::size_t>(std::log2(us) * 8);
  auto& slice = slices_[current_.load(std::memory_order_relaxed)];
  slice[std::min(bucket, kBuckets - 1)].fetch_add(1, std::memory_order_relaxed);
}

double LatencyWindow::percentile_ms(double share) const {
  std::array<std::uint64_t, kBuckets> sums{};
  std::uint64_t total = 0;
  for (const auto& slice : slices_) {
    for (std::size_t i = 0; i < kBuckets; ++i) {
      const auto count = slice[i].load(std::memory_order_relaxed);
      sums[i] += count;
      total += count;
    }
  }
  if (total == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += sums[i];
    if (seen >= wanted) return std::exp2(static_cast<double>(i + 1) / 8) / 1000;
  }
  return 0;
}

void LatencyWindow::turn() {
  const auto next = (current_.load(std::memory_order_relaxed) + 1) % kSlices;
  for (auto& bucket : slices_[next]) bucket.store(0, std::memory_order_relaxed);
  current_.store(next, std::memory_order_relaxed);
}

}  // namespace holdfast::app
