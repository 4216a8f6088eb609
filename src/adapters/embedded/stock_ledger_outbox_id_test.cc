#include "adapters/embedded/stock_ledger_outbox_id.h"

#include <gtest/gtest.h>

#include <limits>

namespace holdfast::embedded::ledger {
namespace {

Instant at(std::int64_t ms) {
  return Instant{Milliseconds{ms}};
}

TEST(OutboxId, IsTheTimeAndASequence) {
  const auto first = next_outbox_id(0, at(1'700'000'000'000));
  EXPECT_EQ(outbox_id_text(first), "1700000000000-0");
  const auto second = next_outbox_id(first, at(1'700'000'000'000));
  EXPECT_EQ(outbox_id_text(second), "1700000000000-1");
  EXPECT_EQ(outbox_id_text(next_outbox_id(second, at(1'700'000'000'001))), "1700000000001-0");
  EXPECT_EQ(outbox_id_time(second), at(1'700'000'000'000));
}

TEST(OutboxId, RisesWhateverTheTimeSays) {
  const auto first = next_outbox_id(0, at(1'700'000'000'000));
  EXPECT_EQ(outbox_id_text(next_outbox_id(first, at(5))), "1700000000000-1");
  EXPECT_EQ(outbox_id_text(next_outbox_id(first, at(-5))), "1700000000000-1");
  EXPECT_EQ(outbox_id_text(next_outbox_id(0, at(-5))), "0-1");
  EXPECT_EQ(outbox_id_text(0), "0-0");
  // A millisecond that is full runs over into the next.
  const auto last_of_its_ms = last_outbox_id_at(at(7));
  EXPECT_EQ(outbox_id_text(last_of_its_ms), "7-1048575");
  EXPECT_EQ(outbox_id_text(next_outbox_id(last_of_its_ms, at(7))), "8-0");
}

TEST(OutboxId, IsReadAsItIsWritten) {
  for (const auto* text : {"0-0", "0-1", "1700000000000-0", "1700000000000-1048575"}) {
    ASSERT_TRUE(parse_outbox_id(text)) << text;
    EXPECT_EQ(outbox_id_text(*parse_outbox_id(text)), text);
  }
  for (const auto* text : {"", "-", "1", "1-", "-1", "1-x", "x-1", "1-1-1", " 1-1", "1- 1", "-1-1",
                           "1--1", "1-1048576", "8796093022208-0", "99999999999999999999-0"}) {
    EXPECT_FALSE(parse_outbox_id(text)) << text;
  }
}

TEST(OutboxId, LastOfATimeIsBounded) {
  EXPECT_EQ(last_outbox_id_at(at(-1)), -1);
  EXPECT_GT(last_outbox_id_at(at(0)), 0);
  const auto most = last_outbox_id_at(at(std::numeric_limits<std::int64_t>::max()));
  EXPECT_GT(most, last_outbox_id_at(at(1'700'000'000'000)));
}

}  // namespace
}  // namespace holdfast::embedded::ledger
