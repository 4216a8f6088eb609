#include "adapters/redis/journal_entry.h"

#include <gtest/gtest.h>

namespace holdfast::redis {
namespace {

constexpr auto kOrder = "11111111-2222-7333-8444-555555555555";
constexpr auto kReservation = "aaaaaaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee";

TEST(JournalEntryText, IsReadBackAsWritten) {
  JournalEntry entry;
  entry.order_id = *OrderId::parse(kOrder);
  entry.reservation_id = *ReservationId::parse(kReservation);
  entry.fingerprint = std::string(64, 'f');
  entry.settled = true;
  entry.payload = R"({"k": "v"})";
  const auto text = format_journal_entry(entry);
  EXPECT_EQ(text, "S " + std::string(64, 'f') + " " + kReservation + R"( {"k": "v"})");

  const auto read = parse_journal_entry(entry.order_id, text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->order_id, entry.order_id);
  EXPECT_EQ(read->reservation_id, entry.reservation_id);
  EXPECT_EQ(read->fingerprint, entry.fingerprint);
  EXPECT_TRUE(read->settled);
  EXPECT_EQ(read->payload, entry.payload);

  const auto unsettled = parse_journal_entry(entry.order_id, "R" + text.substr(1));
  ASSERT_TRUE(unsettled);
  EXPECT_FALSE(unsettled->settled);
}

TEST(JournalEntryText, OtherTextsAreNone) {
  const auto order = *OrderId::parse(kOrder);
  const auto good = "R " + std::string(64, 'f') + " " + kReservation + " ";
  EXPECT_TRUE(parse_journal_entry(order, good));
  EXPECT_FALSE(parse_journal_entry(order, good.substr(0, good.size() - 1)));
  EXPECT_FALSE(parse_journal_entry(order, "X" + good.substr(1)));
  EXPECT_FALSE(parse_journal_entry(order, ""));
  EXPECT_FALSE(parse_journal_entry(order, std::string(200, 'R')));
}

}  // namespace
}  // namespace holdfast::redis
