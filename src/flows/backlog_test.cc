#include "flows/backlog.h"

#include <gtest/gtest.h>

#include "flows/limits.h"

namespace holdfast::flows {
namespace {

constexpr Instant kSeen{Milliseconds{1'000'000}};

LedgerState state(std::int64_t unsettled, Instant oldest) {
  LedgerState made;
  made.unsettled = unsettled;
  made.oldest_unsettled_at = oldest;
  return made;
}

TEST(Backlog, KnowsNothingAtFirst) {
  EXPECT_EQ(Backlog{}.room(1, kSeen), 1);
}

TEST(Backlog, LeavesLessAndLessRoomWhileSettlementGoesOn) {
  const auto room = [](std::int64_t unsettled) {
    Backlog backlog;
    backlog.saw(state(unsettled, kSeen), kSeen);
    return backlog.room(100, kSeen);
  };
  EXPECT_EQ(room(0), 1);
  EXPECT_EQ(room(50), 1);
  EXPECT_DOUBLE_EQ(room(75), 0.5);
  EXPECT_EQ(room(100), 0);
  EXPECT_EQ(room(1'000), 0);
}

TEST(Backlog, DoesNotCountWhereSettlementStandsStill) {
  Backlog backlog;
  for (auto now = kSeen; now < kSeen + 2 * limits::kStandstill; now += Milliseconds{500}) {
    backlog.saw(state(10, kSeen), now);
  }
  const auto later = kSeen + 2 * limits::kStandstill;
  EXPECT_EQ(backlog.room(9, later), 1);
  // It moves again.
  backlog.saw(state(10, kSeen + Milliseconds{1}), later);
  EXPECT_EQ(backlog.room(9, later), 0);
}

TEST(Backlog, IsForgottenWithoutLooks) {
  Backlog backlog;
  backlog.saw(state(10, kSeen), kSeen);
  EXPECT_EQ(backlog.room(9, kSeen + limits::kStandstill), 1);
}

}  // namespace
}  // namespace holdfast::flows
