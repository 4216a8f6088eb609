#include "load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace holdfast::load {
namespace {

constexpr unsigned kSubBucketBits = 7;
constexpr std::uint64_t kSubBuckets = std::uint64_t{1} << kSubBucketBits;
// Values below kSubBuckets have a bucket each; every further power of two has kSubBuckets of them.
constexpr std::size_t kBuckets = (64 - kSubBucketBits + 1) * kSubBuckets;

// How many low bits the bucket of `value` leaves out.
unsigned shift_of(std::uint64_t value) {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  return width <= kSubBucketBits + 1 ? 0 : width - kSubBucketBits - 1;
}

std::size_t bucket_of(std::uint64_t value) {
  const unsigned shift = shift_of(value);
  return static_cast<std::size_t>(shift * kSubBuckets + (value >> shift));
}

std::uint64_t middle_of(std::size_t bucket) {
  if (bucket < 2 * kSubBuckets) {
    return bucket;
  }
  const std::uint64_t shift = bucket / kSubBuckets - 1;
  const std::uint64_t lowest = (bucket - shift * kSubBuckets) << shift;
  return lowest + (std::uint64_t{1} << shift) / 2;
}

std::chrono::nanoseconds to_duration(std::uint64_t value_ns) {
  return std::chrono::nanoseconds{static_cast<std::chrono::nanoseconds::rep>(value_ns)};
}

}  // namespace

Histogram::Histogram() : counts_(kBuckets, 0) {}

void Histogram::record(std::chrono::nanoseconds value) {
  const auto value_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
  ++counts_[bucket_of(value_ns)];
  ++count_;
  min_ns_ = std::min(min_ns_, value_ns);
  max_ns_ = std::max(max_ns_, value_ns);
  sum_ns_ += static_cast<long double>(value_ns);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    counts_[bucket] += other.counts_[bucket];
  }
  count_ += other.count_;
  min_ns_ = std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
  sum_ns_ += other.sum_ns_;
}

std::chrono::nanoseconds Histogram::min() const {
  return to_duration(count_ == 0 ? 0 : min_ns_);
}

std::chrono::nanoseconds Histogram::max() const {
  return to_duration(max_ns_);
}

std::chrono::nanoseconds Histogram::mean() const {
  if (count_ == 0) {
    return std::chrono::nanoseconds{0};
  }
  return to_duration(static_cast<std::uint64_t>(sum_ns_ / static_cast<long double>(count_)));
}

std::chrono::nanoseconds Histogram::percentile(double percent) const {
  if (count_ == 0) {
    return std::chrono::nanoseconds{0};
  }
  const double share = std::clamp(percent, 0.0, 100.0) / 100.0;
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  const std::uint64_t wanted = std::clamp<std::uint64_t>(rank, 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) {
      return to_duration(std::clamp(middle_of(bucket), min_ns_, max_ns_));
    }
  }
  return max();
}

}  // namespace holdfast::load
