#include "bench/growth.h"

#include <gtest/gtest.h>

namespace holdfast::bench {
namespace {

using Targets = std::vector<std::uint64_t>;

TEST(Growth, EndsWithTheMostOrders) {
  EXPECT_EQ(growth_targets(500'000), (Targets{0, 100'000, 500'000}));
  EXPECT_EQ(growth_targets(20'000), (Targets{0, 20'000}));
  EXPECT_EQ(growth_targets(3'000'000),
            (Targets{0, 100'000, 500'000, 1'000'000, 2'000'000, 3'000'000}));
}

}  // namespace
}  // namespace holdfast::bench
