#include "domain/order.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "domain/refund.h"

namespace holdfast {
namespace {

template <class Enum>
struct NamedValue {
  Enum value;
  std::string name;
};

template <class Enum, class Parse>
void expect_names(const std::vector<NamedValue<Enum>>& all, Parse parse) {
  for (const auto& [value, name] : all) {
    EXPECT_EQ(to_string(value), name);
    EXPECT_EQ(parse(name), value) << name;
  }
  for (const char* text : {"", "Accepted", "done ", "void_", "no_such"}) {
    EXPECT_FALSE(parse(text).has_value()) << text;
  }
}

TEST(Names, AreThoseOfTheContractAndReadBack) {
  using enum OrderStatus;
  expect_names<OrderStatus>({{accepted, "accepted"},
                             {processing, "processing"},
                             {completed, "completed"},
                             {partially_refunded, "partially_refunded"},
                             {refunded, "refunded"},
                             {cancelling, "cancelling"},
                             {cancelled, "cancelled"}},
                            parse_order_status);
  expect_names<CancelReason>({{CancelReason::payment_declined, "payment_declined"},
                              {CancelReason::step_failed, "step_failed"},
                              {CancelReason::timed_out, "timed_out"},
                              {CancelReason::preempted, "preempted"},
                              {CancelReason::stock_mismatch, "stock_mismatch"}},
                             parse_cancel_reason);
  expect_names<StepStatus>({{StepStatus::pending, "pending"},
                            {StepStatus::running, "running"},
                            {StepStatus::awaiting, "awaiting"},
                            {StepStatus::unknown, "unknown"},
                            {StepStatus::done, "done"},
                            {StepStatus::failed, "failed"},
                            {StepStatus::skipped, "skipped"}},
                           parse_step_status);
  expect_names<StepKind>({{StepKind::stock, "stock"},
                          {StepKind::points, "points"},
                          {StepKind::http, "http"},
                          {StepKind::await, "await"},
                          {StepKind::amqp, "amqp"}},
                         parse_step_kind);
  expect_names<ReverseStatus>({{ReverseStatus::pending, "pending"},
                               {ReverseStatus::running, "running"},
                               {ReverseStatus::done, "done"},
                               {ReverseStatus::not_needed, "not_needed"}},
                              parse_reverse_status);
  expect_names<RefundStatus>({{RefundStatus::waiting, "waiting"},
                              {RefundStatus::reversing, "reversing"},
                              {RefundStatus::refunded, "refunded"},
                              {RefundStatus::void_, "void"},
                              {RefundStatus::needs_attention, "needs_attention"},
                              {RefundStatus::failed, "failed"}},
                             parse_refund_status);
  expect_names<WhenIncomplete>(
      {{WhenIncomplete::wait, "wait"}, {WhenIncomplete::preempt, "preempt"}},
      parse_when_incomplete);
}

TEST(Names, OrderIsFinalWhereNothingMoreHappensByItself) {
  for (const char* name : {"completed", "partially_refunded", "refunded", "cancelled"}) {
    EXPECT_TRUE(is_final(*parse_order_status(name))) << name;
  }
  for (const char* name : {"accepted", "processing", "cancelling"}) {
    EXPECT_FALSE(is_final(*parse_order_status(name))) << name;
  }
}

TEST(Names, RefundIsFinalOrUnderWay) {
  for (const char* name : {"refunded", "void", "needs_attention", "failed"}) {
    EXPECT_TRUE(is_final(*parse_refund_status(name))) << name;
  }
  for (const char* name : {"waiting", "reversing"}) {
    EXPECT_FALSE(is_final(*parse_refund_status(name))) << name;
  }
  for (const char* name : {"waiting", "reversing", "needs_attention"}) {
    EXPECT_TRUE(is_under_way(*parse_refund_status(name))) << name;
  }
  for (const char* name : {"refunded", "void", "failed"}) {
    EXPECT_FALSE(is_under_way(*parse_refund_status(name))) << name;
  }
}

TEST(Amount, SumsQuantityTimesPrice) {
  EXPECT_EQ(amount_of({}), Money{0});
  OrderLine first;
  first.quantity = Quantity{3};
  first.unit_price = Money{1999};
  OrderLine second;
  second.quantity = Quantity{2};
  second.unit_price = Money{0};
  OrderLine third;
  third.quantity = Quantity{1'000'000};
  third.unit_price = Money{9'000'000'000};
  EXPECT_EQ(amount_of({first, second}), Money{5'997});
  EXPECT_EQ(amount_of({first, second, third}), Money{9'000'000'000'005'997});
}

}  // namespace
}  // namespace holdfast
