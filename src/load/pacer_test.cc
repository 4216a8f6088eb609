#include "load/pacer.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace holdfast::load {
namespace {

using namespace std::chrono_literals;
using Clock = Pacer::Clock;

const Clock::time_point kStart = Clock::time_point{} + 1000s;

TEST(Pacer, SpacesRequestsEvenly) {
  const Pacer pacer(kStart, 1000.0, 10);
  EXPECT_EQ(pacer.due_at(0), kStart);
  EXPECT_EQ(pacer.due_at(1), kStart + 1ms);
  EXPECT_EQ(pacer.due_at(7), kStart + 7ms);
}

TEST(Pacer, DoesNotDriftOverAnHour) {
  const double per_second = 3333.3;  // a period that no whole number of nanoseconds holds
  const Pacer pacer(kStart, per_second, UINT64_MAX);
  const auto n = static_cast<std::uint64_t>(per_second * 3600);
  const auto offset = pacer.due_at(n) - (kStart + 3600s);
  EXPECT_LT(offset < 0ns ? -offset : offset, 1us);
}

TEST(Pacer, CountsWhatIsDue) {
  const Pacer pacer(kStart, 1000.0, 5);
  EXPECT_EQ(pacer.due_by(kStart - 1ns), 0U);
  EXPECT_EQ(pacer.due_by(kStart), 1U);
  EXPECT_EQ(pacer.due_by(kStart + 1ms - 1ns), 1U);
  EXPECT_EQ(pacer.due_by(kStart + 1ms), 2U);
  EXPECT_EQ(pacer.due_by(kStart + 4ms), 5U);
}

TEST(Pacer, EndsAtTotal) {
  const Pacer pacer(kStart, 1000.0, 5);
  EXPECT_EQ(pacer.due_by(kStart + 1h), 5U);
}

// A pause (of the client, or a server that answers nothing) does not stretch the timetable.
TEST(Pacer, IsNotHeldUpByAPause) {
  const Pacer pacer(kStart, 200.0, 1000);
  const std::uint64_t before = pacer.due_by(kStart + 1s);
  const std::uint64_t after = pacer.due_by(kStart + 3s);
  EXPECT_EQ(before, 201U);
  EXPECT_EQ(after - before, 400U);
  EXPECT_EQ(pacer.due_at(before), kStart + 1005ms);
}

TEST(Pacer, AgreesWithItselfForOddRates) {
  for (const double per_second : {0.3, 1.0, 7.0, 333.3, 4999.7, 123456.7}) {
    const Pacer pacer(kStart, per_second, UINT64_MAX);
    for (std::uint64_t n = 0; n < 2'000; ++n) {
      const auto due = pacer.due_at(n);
      ASSERT_GE(pacer.due_by(due), n + 1) << per_second << " " << n;
      ASSERT_LE(pacer.due_by(due - 1ns), n) << per_second << " " << n;
    }
  }
}

TEST(Pacer, FitsRequestsIntoATime) {
  EXPECT_EQ(Pacer::fitting(1000.0, 2s), 2000U);
  EXPECT_EQ(Pacer::fitting(0.1, 1s), 1U);
}

}  // namespace
}  // namespace holdfast::load
