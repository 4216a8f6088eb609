#include "flows/outgoing.h"

#include <gtest/gtest.h>

namespace holdfast::flows {
namespace {

using std::chrono::milliseconds;

class CountingIds final : public Ids {
 public:
  Uuid next() override {
    Uuid uuid;
    uuid.bytes[15] = ++count_;
    return uuid;
  }

 private:
  std::uint8_t count_ = 0;
};

TEST(Backoff, DoublesUpToItsBound) {
  EXPECT_EQ(backoff(1, milliseconds{100}, milliseconds{1000}), milliseconds{100});
  EXPECT_EQ(backoff(2, milliseconds{100}, milliseconds{1000}), milliseconds{200});
  EXPECT_EQ(backoff(4, milliseconds{100}, milliseconds{1000}), milliseconds{800});
  EXPECT_EQ(backoff(5, milliseconds{100}, milliseconds{1000}), milliseconds{1000});
  EXPECT_EQ(backoff(50, milliseconds{100}, milliseconds{1000}), milliseconds{1000});
}

TEST(Backoff, LadderHoldsEveryDelayOnce) {
  const std::vector<Milliseconds> expected{milliseconds{100}, milliseconds{200}, milliseconds{400},
                                           milliseconds{500}};
  EXPECT_EQ(backoff_ladder(milliseconds{100}, milliseconds{500}), expected);
  EXPECT_EQ(backoff_ladder(milliseconds{500}, milliseconds{500}).size(), 1U);
}

TEST(Parked, ReadsBackWhatWasParked) {
  CountingIds ids;
  const Instant now{milliseconds{1'700'000'000'123}};
  Parking parking;
  parking.queue = queues::refunds;
  parking.reason = "attempts_exhausted";
  parking.subject = "refunds:7";
  parking.order_id = OrderId{ids.next()};
  parking.refund_id = RefundId{ids.next()};
  parking.attempts = 8;
  parking.detail = "refused";
  const auto message = parked_message(ids, now, parking, "the body");
  EXPECT_EQ(message.queue, queues::parked);
  Delivery delivery;
  delivery.body = message.body;
  delivery.attempts = message.attempts;
  delivery.headers = message.headers;
  const auto parked = parked_from(delivery, ids, now + milliseconds{5});
  EXPECT_EQ(parked.queue, queues::refunds);
  EXPECT_EQ(parked.reason, "attempts_exhausted");
  EXPECT_EQ(parked.subject, "refunds:7");
  EXPECT_EQ(parked.order_id, parking.order_id);
  EXPECT_EQ(parked.refund_id, parking.refund_id);
  EXPECT_EQ(parked.attempts, 8U);
  EXPECT_EQ(parked.first_at, now);
  EXPECT_EQ(parked.detail, "refused");
  EXPECT_EQ(parked.body, "the body");
}

TEST(Parked, KnowsWhatTheBrokerDeadLettered) {
  CountingIds ids;
  Delivery delivery;
  delivery.body = "x";
  delivery.headers = {{"hf-dead-letter-queue", "orders"},
                      {"hf-dead-letter-reason", "delivery_limit"}};
  const auto parked = parked_from(delivery, ids, Instant{});
  EXPECT_EQ(parked.queue, queues::orders);
  EXPECT_EQ(parked.reason, "delivery_limit");
  // One body, one row, however often the broker parks it.
  EXPECT_EQ(parked.subject, parked_from(delivery, ids, Instant{}).subject);
}

}  // namespace
}  // namespace holdfast::flows
