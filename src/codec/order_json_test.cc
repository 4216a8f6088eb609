#include "codec/order_json.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "codec/messages.h"

namespace holdfast::codec {
namespace {

using std::chrono::milliseconds;

Order sample() {
  Order order;
  order.id = *OrderId::parse("01890a5d-ac96-774b-bcce-b302099a8057");
  order.reservation_id = *ReservationId::parse("01890a5d-ac96-774b-bcce-b302099a8058");
  order.fingerprint = std::string(64, 'a');
  order.user_id = UserId{"u-1"};
  order.currency = Currency{"CNY"};
  order.lines = {OrderLine{Sku{"A-1"}, Quantity{2}, Money{1999}, {}, {}},
                 OrderLine{Sku{"B-1"}, Quantity{1}, Money{5}, {}, {}}};
  order.plan = PlanName{"default"};
  order.plan_version = "0123456789ab";
  order.attributes = {{"note", "a \"quoted\" line\n\x01 and \xE8\x8C\xB6"}};
  order.placed_at = Instant{milliseconds{1'700'000'000'123}};
  Step stock;
  stock.name = StepName{"stock"};
  stock.updated_at = order.placed_at;
  Step points;
  points.name = StepName{"points"};
  points.kind = StepKind::points;
  points.points_per = 100;
  points.updated_at = order.placed_at;
  order.steps = {stock, points};
  order.amount = Money{4003};
  return order;
}

TEST(Payload, RoundTripsAnOrderAndItsGeneration) {
  const auto placed = placed_order_from_payload(to_payload(sample(), "g-1"));
  ASSERT_TRUE(placed) << placed.error().detail;
  EXPECT_EQ(placed->generation, "g-1");
  EXPECT_EQ(placed->order, sample());
}

TEST(Payload, NamesTheFirstFault) {
  const auto placed = placed_order_from_payload(R"({"order_id":"no uuid"})");
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().detail, "`order_id` has an unknown value");
  EXPECT_FALSE(placed_order_from_payload("{"));
  EXPECT_FALSE(placed_order_from_payload("[]"));
  EXPECT_FALSE(placed_order_from_payload(""));
}

TEST(Steps, RoundTripAllMembers) {
  auto steps = sample().steps;
  steps[0].status = StepStatus::failed;
  steps[0].attempts = 3;
  steps[0].reference = "ch_1";
  steps[0].error = "declined";
  EXPECT_EQ(*steps_from_json(boost::json::parse(steps_to_text(steps))), steps);
}

TEST(Lines, RoundTripWhatWasRefunded) {
  auto lines = sample().lines;
  lines[0].refunded = Quantity{2};
  lines[0].kept_off_sale = Quantity{1};
  EXPECT_EQ(*lines_from_json(boost::json::parse(lines_to_text(lines))), lines);
}

TEST(OrdersMessage, CarriesPayloadsAndOutboxIds) {
  const auto payload = to_payload(sample(), "g-1");
  const auto body = orders_message({{"17-0", payload}, {"", payload}});
  const auto orders = orders_from_message(body);
  ASSERT_TRUE(orders) << orders.error().detail;
  ASSERT_EQ(orders->size(), 2U);
  EXPECT_EQ(orders->front().outbox_id, "17-0");
  EXPECT_EQ(orders->back().outbox_id, "");
  EXPECT_EQ(orders->back().placed.order, sample());
}

TEST(OrdersMessage, RefusesWhatIsNotOne) {
  for (const auto* body : {"", "garbage", "[]", R"({"v":2,"orders":[]})", R"({"v":1})",
                           R"({"v":1,"orders":[{}]})", R"({"v":1,"orders":[1]})"}) {
    EXPECT_FALSE(orders_from_message(body)) << body;
  }
}

TEST(RefundMessage, RoundTrips) {
  const RefundWake one{*OrderId::parse("01890a5d-ac96-774b-bcce-b302099a8057"),
                       *RefundId::parse("01890a5d-ac96-774b-bcce-b302099a8058")};
  const RefundWake other{*OrderId::parse("01890a5d-ac96-774b-bcce-b302099a8059"),
                         *RefundId::parse("01890a5d-ac96-774b-bcce-b302099a805a")};
  const auto read = refunds_from_message(refunds_message(std::vector{one, other}));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->at(0).order_id, one.order_id);
  EXPECT_EQ(read->at(0).refund_id, one.refund_id);
  EXPECT_EQ(read->at(1).refund_id, other.refund_id);
}

TEST(RefundMessage, IsReadAsEarlierVersionsWroteIt) {
  const auto read =
      refunds_from_message(R"({"v":1,"refund":{"order_id":"01890a5d-ac96-774b-bcce-b302099a8057",)"
                           R"("refund_id":"01890a5d-ac96-774b-bcce-b302099a8058"}})");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(read->at(0).refund_id.to_string(), "01890a5d-ac96-774b-bcce-b302099a8058");
}

TEST(RefundMessage, RefusesWhatItCannotRead) {
  for (const char* body :
       {"garbage", R"({"v":1})", R"({"v":1,"refunds":[]})", R"({"v":1,"refunds":{}})",
        R"({"v":1,"refunds":[1]})", R"({"v":1,"refunds":[{"order_id":"x","refund_id":"y"}]})",
        R"({"v":1,"refund":{"order_id":"x","refund_id":"y"}})"}) {
    EXPECT_FALSE(refunds_from_message(body)) << body;
  }
}

// Expected values from RFC 3339 section 5.8 and GNU date.
TEST(Rfc3339, WritesUtcWithMilliseconds) {
  EXPECT_EQ(to_rfc3339(Instant{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(Instant{milliseconds{1'700'000'000'123}}), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(to_rfc3339(Instant{milliseconds{951'782'400'007}}), "2000-02-29T00:00:00.007Z");
}

TEST(Rfc3339, ReadsOffsetsAndFractions) {
  const Instant expected{milliseconds{482'196'050'520}};
  EXPECT_EQ(parse_rfc3339("1985-04-12T23:20:50.52Z"), expected);
  EXPECT_EQ(parse_rfc3339("1985-04-12T19:20:50.520-04:00"), expected);
  EXPECT_EQ(parse_rfc3339("1985-04-12t23:20:50.520999z"), expected);
  for (const auto* text : {"", "1985-04-12", "1985-04-12T23:20:50", "1985-02-30T23:20:50Z",
                           "1985-04-12T24:20:50Z", "1985-04-12T23:60:50Z", "1985-04-12T23:20:50.Z",
                           "1985-04-12T23:20:50Zx", "1985-04-12T23:20:50+0400"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::codec
