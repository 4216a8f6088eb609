#include "load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace holdfast::load {
namespace {

using std::chrono::nanoseconds;

// The definition, by sorting: what the histogram must come close to.
std::int64_t exact_percentile(std::vector<std::int64_t> values, double percent) {
  std::sort(values.begin(), values.end());
  const double size = static_cast<double>(values.size());
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100.0 * size));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

TEST(Histogram, IsZeroWhenEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min().count(), 0);
  EXPECT_EQ(histogram.max().count(), 0);
  EXPECT_EQ(histogram.mean().count(), 0);
  EXPECT_EQ(histogram.percentile(99).count(), 0);
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (std::int64_t value = 1; value <= 100; ++value) {
    histogram.record(nanoseconds{value});
  }
  EXPECT_EQ(histogram.percentile(0).count(), 1);
  EXPECT_EQ(histogram.percentile(1).count(), 1);
  EXPECT_EQ(histogram.percentile(50).count(), 50);
  EXPECT_EQ(histogram.percentile(99).count(), 99);
  EXPECT_EQ(histogram.percentile(100).count(), 100);
  EXPECT_EQ(histogram.mean().count(), 50);
}

TEST(Histogram, StaysWithinOnePercentAtEverySize) {
  for (unsigned bit = 0; bit < 62; ++bit) {
    for (const std::int64_t offset : {-1, 0, 1}) {
      const std::int64_t value = (std::int64_t{1} << bit) + offset;
      Histogram histogram;
      histogram.record(nanoseconds{0});
      histogram.record(nanoseconds{value});
      histogram.record(nanoseconds{INT64_MAX});
      const auto seen = static_cast<double>(histogram.percentile(50).count());
      EXPECT_NEAR(seen, static_cast<double>(value), 0.005 * static_cast<double>(value)) << value;
    }
  }
}

TEST(Histogram, AgreesWithSortingWithinOnePercent) {
  constexpr std::uint64_t kSeed = 20240607;
  std::mt19937_64 random(kSeed);
  std::lognormal_distribution<double> latencies(14.0, 1.5);  // around 1 ms, with a long tail
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 50'000; ++i) {
    values.push_back(static_cast<std::int64_t>(latencies(random)));
    histogram.record(nanoseconds{values.back()});
  }
  for (const double percent : {0.0, 1.0, 25.0, 50.0, 90.0, 95.0, 99.0, 99.9, 100.0}) {
    const auto exact = static_cast<double>(exact_percentile(values, percent));
    const auto seen = static_cast<double>(histogram.percentile(percent).count());
    EXPECT_NEAR(seen, exact, 0.01 * exact) << "p" << percent << ", seed " << kSeed;
  }
}

TEST(Histogram, NeverLeavesWhatWasRecorded) {
  Histogram histogram;
  histogram.record(nanoseconds{1'000'001});
  EXPECT_EQ(histogram.percentile(0).count(), 1'000'001);
  EXPECT_EQ(histogram.percentile(100).count(), 1'000'001);
  EXPECT_EQ(histogram.min(), histogram.max());
}

TEST(Histogram, CountsNegativeAsZero) {
  Histogram histogram;
  histogram.record(nanoseconds{-5});
  EXPECT_EQ(histogram.count(), 1U);
  EXPECT_EQ(histogram.max().count(), 0);
}

TEST(Histogram, MergesAsIfRecordedInOne) {
  Histogram one;
  Histogram left;
  Histogram right;
  for (std::int64_t value = 1; value <= 2'000; ++value) {
    one.record(nanoseconds{value * 977});
    (value % 3 == 0 ? left : right).record(nanoseconds{value * 977});
  }
  left.merge(right);
  EXPECT_EQ(left.count(), one.count());
  EXPECT_EQ(left.min(), one.min());
  EXPECT_EQ(left.max(), one.max());
  EXPECT_EQ(left.mean(), one.mean());
  for (const double percent : {10.0, 50.0, 99.0}) {
    EXPECT_EQ(left.percentile(percent), one.percentile(percent));
  }
}

}  // namespace
}  // namespace holdfast::load
