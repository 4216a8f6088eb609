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
  EXPECT_FALSE(Backlog{}.is_growing_past(0, kSeen));
}

TEST(Backlog, IsTooLongWhileSettlementGoesOn) {
  Backlog backlog;
  backlog.saw(state(10, kSeen), kSeen);
  EXPECT_TRUE(backlog.is_growing_past(9, kSeen));
  EXPECT_FALSE(backlog.is_growing_past(10, kSeen));
}

TEST(Backlog, DoesNotCountWhereSettlementStandsStill) {
  Backlog backlog;
  for (auto now = kSeen; now < kSeen + 2 * limits::kStandstill; now += Milliseconds{500}) {
    backlog.saw(state(10, kSeen), now);
  }
  const auto later = kSeen + 2 * limits::kStandstill;
  EXPECT_FALSE(backlog.is_growing_past(9, later));
  // It moves again.
  backlog.saw(state(10, kSeen + Milliseconds{1}), later);
  EXPECT_TRUE(backlog.is_growing_past(9, later));
}

TEST(Backlog, IsForgottenWithoutLooks) {
  Backlog backlog;
  backlog.saw(state(10, kSeen), kSeen);
  EXPECT_FALSE(backlog.is_growing_past(9, kSeen + limits::kStandstill));
}

}  // namespace
}  // namespace holdfast::flows
