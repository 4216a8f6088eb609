#include "flows/delays.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace holdfast::flows {
namespace {

constexpr Instant kNow{Milliseconds{1'700'000'000'000}};

Delivery arrived(const OutgoingMessage& message) {
  Delivery delivery;
  delivery.headers = message.headers;
  return delivery;
}

TEST(Delays, AMessageThatIsDueComesAtOnce) {
  OutgoingMessage message;
  delay_until(message, kNow, kNow);
  EXPECT_FALSE(message.delay);
  EXPECT_FALSE(not_before(arrived(message)));
}

TEST(Delays, AChainOfHopsEndsAtTheMomentOrJustAfterIt) {
  for (const std::int64_t wait_ms : {1, 49, 50, 51, 299, 1'000, 61'234, 300'000, 900'000}) {
    const Instant at = kNow + Milliseconds{wait_ms};
    Instant now = kNow;
    int hops = 0;
    OutgoingMessage message;
    delay_until(message, at, now);
    while (message.delay) {
      // Nothing else may be declared as a queue.
      EXPECT_NE(std::find(kStepRungs.begin(), kStepRungs.end(), *message.delay), kStepRungs.end());
      now += *message.delay;
      ASSERT_LE(++hops, 20) << wait_ms;
      EXPECT_EQ(not_before(arrived(message)), at);
      delay_until(message, at, now);
    }
    EXPECT_GE(now, at) << wait_ms;
    EXPECT_LT(now - at, kStepRungs.front()) << wait_ms;
    EXPECT_FALSE(not_before(arrived(message)));
  }
}

TEST(Delays, AHeaderThatIsNoTimeCountsAsNone) {
  Delivery delivery;
  for (const auto* text : {"", "soon", "12x"}) {
    delivery.headers["hf-not-before"] = text;
    EXPECT_FALSE(not_before(delivery)) << text;
  }
}

}  // namespace
}  // namespace holdfast::flows
