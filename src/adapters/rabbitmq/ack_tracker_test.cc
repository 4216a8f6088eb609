#include "adapters/rabbitmq/ack_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace holdfast::rabbitmq {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

AckTracker with_deliveries(std::uint64_t count) {
  AckTracker tracker;
  for (std::uint64_t tag = 1; tag <= count; ++tag) tracker.delivered(tag);
  return tracker;
}

TEST(AckTracker, ARunFromTheLowestOpenTagIsOneFrame) {
  auto tracker = with_deliveries(5);
  EXPECT_THAT(tracker.acknowledge({3, 1, 2}), ElementsAre(AckFrame{3, true}));
  EXPECT_THAT(tracker.acknowledge({4}), ElementsAre(AckFrame{4, false}));
  EXPECT_THAT(tracker.acknowledge({5}), ElementsAre(AckFrame{5, false}));
}

TEST(AckTracker, WhatStaysOpenIsNeverCovered) {
  auto tracker = with_deliveries(6);
  EXPECT_THAT(tracker.acknowledge({2, 3, 5}),
              ElementsAre(AckFrame{2, false}, AckFrame{3, false}, AckFrame{5, false}));
  // 1 closes the gap: 2 and 3 are acknowledged, so 4 is next.
  EXPECT_THAT(tracker.acknowledge({1, 4, 6}), ElementsAre(AckFrame{6, true}));
}

TEST(AckTracker, WhatIsNotOpenIsIgnored) {
  auto tracker = with_deliveries(2);
  EXPECT_THAT(tracker.acknowledge({0, 3, 99}), IsEmpty());
  EXPECT_THAT(tracker.acknowledge({1, 1}), ElementsAre(AckFrame{1, false}));
  EXPECT_THAT(tracker.acknowledge({1}), IsEmpty());
  EXPECT_THAT(tracker.give_back({1, 2, 2, 3}), ElementsAre(2));
  EXPECT_THAT(tracker.acknowledge({2}), IsEmpty());
  tracker.delivered(3);
  EXPECT_THAT(tracker.acknowledge({3}), ElementsAre(AckFrame{3, false}));
}

/// What a broker makes of the frames: the set of tags that are still unacknowledged.
void apply(std::set<std::uint64_t>& open, const AckFrame& frame) {
  ASSERT_TRUE(open.contains(frame.tag)) << "the broker would close the channel: " << frame.tag;
  if (frame.multiple) {
    open.erase(open.begin(), open.upper_bound(frame.tag));
  } else {
    open.erase(frame.tag);
  }
}

TEST(AckTracker, TheBrokerForgetsExactlyWhatWasAcknowledged) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 300; ++round) {
    AckTracker tracker;
    std::set<std::uint64_t> broker;
    std::set<std::uint64_t> expected;
    std::uint64_t last = 0;
    for (int step = 0; step < 40; ++step) {
      for (std::uint64_t more = random() % 8; more > 0; --more) {
        tracker.delivered(++last);
        broker.insert(last);
        expected.insert(last);
      }
      std::vector<std::uint64_t> tags;
      for (std::uint64_t more = random() % 6; more > 0; --more) tags.push_back(random() % 40 + 1);
      if (random() % 4 == 0) {
        for (const auto tag : tracker.give_back(tags)) broker.erase(tag);
      } else {
        for (const auto& frame : tracker.acknowledge(tags)) apply(broker, frame);
      }
      for (const auto tag : tags) expected.erase(tag);
      ASSERT_EQ(broker, expected);
    }
  }
}

}  // namespace
}  // namespace holdfast::rabbitmq
