#include "domain/decide_refund.h"

#include <gtest/gtest.h>

#include "domain/samples_for_test.h"

namespace holdfast {
namespace {

using samples::at_ms;
using samples::refund_line;

using Lines = std::vector<RefundLine>;
using Outcome = RefundRequestOutcome;

const std::string kFingerprint(64, 'f');

RefundRequest asking(std::optional<Lines> lines = {},
                     WhenIncomplete when_incomplete = WhenIncomplete::wait) {
  RefundRequest request;
  request.lines = std::move(lines);
  request.when_incomplete = when_incomplete;
  return request;
}

RefundDecision decide(const Order& order, const std::vector<Refund>& others,
                      const RefundRequest& request, std::uint8_t number = 50,
                      const std::string& fingerprint = kFingerprint) {
  return decide_refund_request(order, others, samples::id<RefundId>(number), fingerprint, request,
                               RefundPolicy{}, at_ms(10'000));
}

/// A refund of these lines that stands in the book with this status.
Refund standing(RefundStatus status, Lines lines, std::uint8_t number = 60) {
  Refund refund;
  refund.id = samples::id<RefundId>(number);
  refund.order_id = samples::id<OrderId>(1);
  refund.fingerprint = std::string(64, 'e');
  refund.status = status;
  refund.lines = std::move(lines);
  return refund;
}

Order in_status(OrderStatus status) {
  Order order = samples::completed_order();
  order.status = status;
  return order;
}

std::vector<std::string> pointers(const RefundDecision& decision) {
  std::vector<std::string> found;
  for (const FieldError& error : decision.errors) found.push_back(error.pointer);
  return found;
}

TEST(PointsFor, RoundsDown) {
  EXPECT_EQ(points_for(Money{0}, 100), 0);
  EXPECT_EQ(points_for(Money{99}, 100), 0);
  EXPECT_EQ(points_for(Money{100}, 100), 1);
  EXPECT_EQ(points_for(Money{9'007'199'254'740'991}, 1), 9'007'199'254'740'991);
}

TEST(RefundRequest, OfACompletedOrderIsReversedAtOnce) {
  const auto decision = decide(samples::completed_order(), {}, asking());
  ASSERT_EQ(decision.outcome, Outcome::accepted);
  EXPECT_TRUE(decision.errors.empty());
  const Refund& refund = decision.refund.value();
  EXPECT_EQ(refund.id, samples::id<RefundId>(50));
  EXPECT_EQ(refund.order_id, samples::id<OrderId>(1));
  EXPECT_EQ(refund.fingerprint, kFingerprint);
  EXPECT_EQ(refund.status, RefundStatus::reversing);
  EXPECT_EQ(refund.amount, Money{3'500});
  EXPECT_EQ(refund.lines, (Lines{refund_line("A-1", 3), refund_line("B-2", 2)}));
  EXPECT_TRUE(refund.whole);
  EXPECT_EQ(refund.checks, 0U);
  EXPECT_EQ(refund.next_check_at, at_ms(40'000));
  EXPECT_TRUE(refund.stock_released);
  EXPECT_EQ(refund.requested_at, at_ms(10'000));
  EXPECT_FALSE(refund.refunded_at.has_value());
  ASSERT_EQ(refund.steps.size(), 2U);
  EXPECT_EQ(refund.steps[0].name.value, "points");
  EXPECT_EQ(refund.steps[1].name.value, "stock");
  for (const RefundStep& step : refund.steps) {
    EXPECT_EQ(step.status, ReverseStatus::pending);
    EXPECT_EQ(step.attempts, 0U);
    EXPECT_EQ(step.updated_at, at_ms(10'000));
  }
}

TEST(RefundRequest, ThatOvertakesItsOrderWaits) {
  for (const OrderStatus status : {OrderStatus::accepted, OrderStatus::processing}) {
    RefundRequest request = asking({}, WhenIncomplete::preempt);
    request.reason = "changed my mind";
    const auto decision = decide(in_status(status), {}, request);
    ASSERT_EQ(decision.outcome, Outcome::accepted);
    EXPECT_EQ(decision.refund->status, RefundStatus::waiting);
    EXPECT_EQ(decision.refund->next_check_at, at_ms(40'000));
    EXPECT_EQ(decision.refund->checks, 0U);
    EXPECT_EQ(decision.refund->reason, "changed my mind");
    EXPECT_EQ(decision.refund->when_incomplete, WhenIncomplete::preempt);
  }
}

TEST(RefundRequest, OfSomeLinesFollowsTheOrdersPrices) {
  const auto decision = decide(samples::completed_order(), {},
                               asking(Lines{refund_line("B-2", 1, false), refund_line("A-1", 2)}));
  ASSERT_EQ(decision.outcome, Outcome::accepted);
  EXPECT_EQ(decision.refund->lines, (Lines{refund_line("A-1", 2), refund_line("B-2", 1, false)}));
  EXPECT_EQ(decision.refund->amount, Money{2'250});
  EXPECT_FALSE(decision.refund->whole);
}

TEST(RefundRequest, OfEachLineInFullIsWhole) {
  const auto decision = decide(samples::completed_order(), {},
                               asking(Lines{refund_line("B-2", 2), refund_line("A-1", 3)}));
  ASSERT_EQ(decision.outcome, Outcome::accepted);
  EXPECT_TRUE(decision.refund->whole);
}

TEST(RefundRequest, LeavesAloneWhatAFailedOneHasGivenBackInPart) {
  Refund failed = standing(RefundStatus::failed, Lines{refund_line("A-1", 3)});
  failed.steps = {RefundStep{}, RefundStep{}};
  EXPECT_EQ(decide(samples::completed_order(), {failed}, asking()).refund->amount, Money{3'500});
  failed.steps[1].status = ReverseStatus::done;
  EXPECT_EQ(decide(samples::completed_order(), {failed}, asking()).refund->amount, Money{500});
  EXPECT_EQ(
      decide(samples::completed_order(), {failed}, asking(Lines{refund_line("A-1", 1)})).outcome,
      Outcome::refund_exceeds_order);
}

TEST(RefundRequest, ClaimsWhatOthersLeave) {
  Order order = samples::completed_order();
  order.status = OrderStatus::partially_refunded;
  order.lines[0].refunded = Quantity{1};
  const std::vector<Refund> others{
      standing(RefundStatus::refunded, {refund_line("A-1", 1)}, 60),
      standing(RefundStatus::needs_attention, {refund_line("A-1", 1)}, 61),
      standing(RefundStatus::waiting, {refund_line("B-2", 1)}, 62),
      standing(RefundStatus::failed, {refund_line("B-2", 1)}, 63),
      standing(RefundStatus::void_, {refund_line("A-1", 3)}, 64)};
  const auto all = decide(order, others, asking());
  ASSERT_EQ(all.outcome, Outcome::accepted);
  EXPECT_EQ(all.refund->lines, (Lines{refund_line("A-1", 1), refund_line("B-2", 1)}));
  EXPECT_EQ(all.refund->amount, Money{1'250});
  EXPECT_EQ(all.refund->status, RefundStatus::reversing);

  EXPECT_EQ(decide(order, others, asking(Lines{refund_line("A-1", 2)})).outcome,
            Outcome::refund_exceeds_order);
  const auto rest = decide(order, others, asking(Lines{refund_line("A-1", 1)}));
  ASSERT_EQ(rest.outcome, Outcome::accepted);
  EXPECT_FALSE(rest.refund->whole);
}

TEST(RefundRequest, LeavesOutLinesOfWhichNothingIsLeft) {
  Order order = in_status(OrderStatus::partially_refunded);
  order.lines[0].refunded = Quantity{3};
  const auto decision = decide(order, {}, asking());
  ASSERT_EQ(decision.outcome, Outcome::accepted);
  EXPECT_EQ(decision.refund->lines, Lines{refund_line("B-2", 2)});
  EXPECT_TRUE(decision.refund->whole);
}

TEST(RefundRequest, ExceedsTheOrderWhereOthersClaimAll) {
  for (const RefundStatus status :
       {RefundStatus::waiting, RefundStatus::reversing, RefundStatus::needs_attention}) {
    const std::vector<Refund> others{
        standing(status, {refund_line("A-1", 3), refund_line("B-2", 2)})};
    EXPECT_EQ(decide(samples::completed_order(), others, asking()).outcome,
              Outcome::refund_exceeds_order);
    EXPECT_EQ(
        decide(samples::completed_order(), others, asking(Lines{refund_line("A-1", 1)})).outcome,
        Outcome::refund_exceeds_order);
  }
  EXPECT_EQ(decide(samples::completed_order(), {}, asking(Lines{refund_line("A-1", 4)})).outcome,
            Outcome::refund_exceeds_order);
}

TEST(RefundRequest, PointsAtWhatIsInvalid) {
  const Order order = samples::completed_order();
  using Pointers = std::vector<std::string>;
  const auto faults = [&order](Lines lines, WhenIncomplete when = WhenIncomplete::wait) {
    const auto decision = decide(order, {}, asking(std::move(lines), when));
    EXPECT_EQ(decision.outcome, Outcome::invalid);
    EXPECT_FALSE(decision.refund.has_value());
    return pointers(decision);
  };
  EXPECT_EQ(faults({}), Pointers{"/lines"});
  EXPECT_EQ(faults({refund_line("A-1", 1), refund_line("C-3", 1)}), Pointers{"/lines/1/sku"});
  EXPECT_EQ(faults({refund_line("A-1", 1), refund_line("A-1", 1)}), Pointers{"/lines/1/sku"});
  EXPECT_EQ(faults({refund_line("A 1", 1)}), Pointers{"/lines/0/sku"});
  EXPECT_EQ(faults({refund_line("A-1", 0)}), Pointers{"/lines/0/quantity"});
  EXPECT_EQ(faults({refund_line("A-1", -1)}), Pointers{"/lines/0/quantity"});
  EXPECT_EQ(faults({refund_line("A-1", 3)}, WhenIncomplete::preempt), Pointers{"/when_incomplete"});
}

TEST(RefundRequest, PreemptsWithAllThatIsLeft) {
  const auto named =
      decide(in_status(OrderStatus::processing), {},
             asking(Lines{refund_line("A-1", 3), refund_line("B-2", 2)}, WhenIncomplete::preempt));
  EXPECT_EQ(named.outcome, Outcome::accepted);
}

TEST(RefundRequest, IsRefusedByTheOrdersEnd) {
  EXPECT_EQ(decide(in_status(OrderStatus::cancelling), {}, asking()).outcome,
            Outcome::order_cancelled);
  EXPECT_EQ(decide(in_status(OrderStatus::cancelled), {}, asking()).outcome,
            Outcome::order_cancelled);
  EXPECT_EQ(decide(in_status(OrderStatus::refunded), {}, asking()).outcome,
            Outcome::already_refunded);
}

TEST(RefundRequest, IsAnsweredAsTheFirstTime) {
  Refund first = standing(RefundStatus::refunded, {refund_line("A-1", 1)}, 50);
  first.fingerprint = kFingerprint;
  const auto repeat = decide(samples::completed_order(), {first}, asking());
  EXPECT_EQ(repeat.outcome, Outcome::replayed);
  EXPECT_EQ(repeat.refund, first);
  const auto other =
      decide(samples::completed_order(), {first}, asking(), 50, std::string(64, '0'));
  EXPECT_EQ(other.outcome, Outcome::conflict);
  EXPECT_FALSE(other.refund.has_value());
}

TEST(RefundRequest, KeepsToThePrecedenceOfOutcomes) {
  Refund first = standing(RefundStatus::void_, {}, 50);
  first.fingerprint = kFingerprint;
  // A repeat is recognised before anything that could refuse it, an ended order before faults of
  // the lines, and faults before what is left.
  EXPECT_EQ(decide(in_status(OrderStatus::cancelled), {first}, asking(Lines{})).outcome,
            Outcome::replayed);
  EXPECT_EQ(decide(in_status(OrderStatus::refunded), {}, asking(Lines{})).outcome,
            Outcome::already_refunded);
  EXPECT_EQ(decide(samples::completed_order(), {},
                   asking(Lines{refund_line("A-1", 9), refund_line("C-3", 1)}))
                .outcome,
            Outcome::invalid);
}

Refund held(Lines lines = {refund_line("A-1", 3), refund_line("B-2", 2)}) {
  return decide(in_status(OrderStatus::processing), {}, asking(std::move(lines))).refund.value();
}

RefundCheck check(const Order& order, const Refund& refund) {
  return decide_refund_check(order, refund, RefundPolicy{}, at_ms(50'000));
}

TEST(RefundCheck, HoldsWhileTheOrderIsUnderWay) {
  for (const OrderStatus status :
       {OrderStatus::accepted, OrderStatus::processing, OrderStatus::cancelling}) {
    const auto found = check(in_status(status), held());
    EXPECT_EQ(found.outcome, RefundCheckOutcome::hold);
    EXPECT_EQ(found.refund.status, RefundStatus::waiting);
    EXPECT_EQ(found.refund.checks, 1U);
    EXPECT_EQ(found.refund.next_check_at, at_ms(80'000));
    EXPECT_EQ(check(in_status(status), found.refund).refund.checks, 2U);
  }
}

// Asked for at 10'000 with a max_wait of 15 minutes.
constexpr std::int64_t kOverdueMs = 910'000;

TEST(RefundCheck, PreemptsWhatIsNotWaitedFor) {
  struct Case {
    OrderStatus status;
    WhenIncomplete when;
    std::int64_t now_ms;
    RefundCheckOutcome outcome;
  };
  using enum OrderStatus;
  constexpr auto kHold = RefundCheckOutcome::hold;
  constexpr auto kPreempt = RefundCheckOutcome::preempt;
  for (const Case& each : std::vector<Case>{
           {accepted, WhenIncomplete::preempt, 10'000, kPreempt},
           {processing, WhenIncomplete::preempt, 10'000, kPreempt},
           {cancelling, WhenIncomplete::preempt, 10'000, kHold},
           {accepted, WhenIncomplete::wait, kOverdueMs - 1, kHold},
           {processing, WhenIncomplete::wait, kOverdueMs - 1, kHold},
           {accepted, WhenIncomplete::wait, kOverdueMs, kPreempt},
           {processing, WhenIncomplete::wait, kOverdueMs, kPreempt},
           {cancelling, WhenIncomplete::wait, kOverdueMs, kHold},
       }) {
    Refund refund = held();
    refund.when_incomplete = each.when;
    const auto found =
        decide_refund_check(in_status(each.status), refund, RefundPolicy{}, at_ms(each.now_ms));
    EXPECT_EQ(found.outcome, each.outcome) << to_string(each.status) << " at " << each.now_ms;
    // Whoever stops the order moves it.
    EXPECT_EQ(found.refund.status, RefundStatus::waiting);
    EXPECT_EQ(found.refund.checks, 1U);
    EXPECT_FALSE(found.refund.error.has_value());
  }
}

TEST(RefundCheck, LooksAgainWhenTheWaitIsOver) {
  const auto next_look = [](std::int64_t now_ms) {
    return decide_refund_check(in_status(OrderStatus::processing), held(), RefundPolicy{},
                               at_ms(now_ms))
        .refund.next_check_at;
  };
  EXPECT_EQ(next_look(kOverdueMs - 30'000), at_ms(kOverdueMs));
  EXPECT_EQ(next_look(kOverdueMs - 29'000), at_ms(kOverdueMs));
  EXPECT_EQ(next_look(kOverdueMs - 31'000), at_ms(kOverdueMs - 1'000));
}

TEST(RefundCheck, OfAPartIsShownWhenItWaitsTooLong) {
  const Refund part = held({refund_line("A-1", 1)});
  const Order order = in_status(OrderStatus::processing);
  const auto found = decide_refund_check(order, part, RefundPolicy{}, at_ms(kOverdueMs));
  EXPECT_EQ(found.outcome, RefundCheckOutcome::hold);
  EXPECT_TRUE(found.refund.error.has_value());
  EXPECT_EQ(found.refund.next_check_at, at_ms(kOverdueMs + 30'000));
  const auto completed = decide_refund_check(in_status(OrderStatus::completed), found.refund,
                                             RefundPolicy{}, at_ms(kOverdueMs + 1));
  EXPECT_EQ(completed.outcome, RefundCheckOutcome::reverse);
}

TEST(RefundCheck, EndsWhereItStoppedItsOrderBeforeThatBegan) {
  Order order = in_status(OrderStatus::cancelled);
  order.preempted_by = held().id;
  const auto found = check(order, held());
  EXPECT_EQ(found.outcome, RefundCheckOutcome::ended);
  EXPECT_EQ(found.refund.status, RefundStatus::refunded);
  EXPECT_EQ(found.refund.amount, Money{0});
  EXPECT_EQ(found.refund.refunded_at, at_ms(50'000));
  EXPECT_FALSE(found.refund.next_check_at.has_value());
  EXPECT_TRUE(found.refund.stock_released);
  for (const RefundStep& step : found.refund.steps) {
    EXPECT_EQ(step.status, ReverseStatus::not_needed);
  }
}

TEST(RefundCheck, ReversesOnceTheOrderIsComplete) {
  for (const OrderStatus status : {OrderStatus::completed, OrderStatus::partially_refunded}) {
    const auto found = check(in_status(status), held());
    EXPECT_EQ(found.outcome, RefundCheckOutcome::reverse);
    EXPECT_EQ(found.refund.status, RefundStatus::reversing);
    EXPECT_EQ(found.refund.checks, 1U);
    EXPECT_EQ(found.refund.next_check_at, at_ms(80'000));
  }
}

TEST(RefundCheck, IsVoidWhereNothingIsLeft) {
  const auto found = check(in_status(OrderStatus::refunded), held());
  EXPECT_EQ(found.outcome, RefundCheckOutcome::ended);
  EXPECT_EQ(found.refund.status, RefundStatus::void_);
  EXPECT_TRUE(found.refund.error.has_value());
}

TEST(RefundCheck, IsVoidOnceTheOrderIsCancelled) {
  const auto found = check(in_status(OrderStatus::cancelled), held());
  EXPECT_EQ(found.outcome, RefundCheckOutcome::ended);
  EXPECT_EQ(found.refund.status, RefundStatus::void_);
  EXPECT_EQ(found.refund.checks, 1U);
  EXPECT_FALSE(found.refund.next_check_at.has_value());
  EXPECT_TRUE(found.refund.stock_released);
}

TEST(RefundCheck, ReversesAgainWhereTheMessageMayBeLost) {
  Refund refund = held();
  refund.status = RefundStatus::reversing;
  refund.checks = 4;
  const auto found = check(samples::completed_order(), refund);
  EXPECT_EQ(found.outcome, RefundCheckOutcome::reverse);
  EXPECT_EQ(found.refund.status, RefundStatus::reversing);
  EXPECT_EQ(found.refund.checks, 4U);
  EXPECT_EQ(found.refund.next_check_at, at_ms(80'000));
}

TEST(RefundCheck, LeavesWhatHasEndedOrWaitsForAnOperator) {
  for (const RefundStatus status : {RefundStatus::refunded, RefundStatus::void_,
                                    RefundStatus::needs_attention, RefundStatus::failed}) {
    Refund refund = held();
    refund.status = status;
    const auto found = check(samples::completed_order(), refund);
    EXPECT_EQ(found.outcome, RefundCheckOutcome::nothing);
    EXPECT_EQ(found.refund, refund);
  }
}

Refund reversing(Lines lines) {
  return decide(samples::completed_order(), {}, asking(std::move(lines))).refund.value();
}

TEST(DecideReversal, OfAPartLeavesTheRest) {
  const Order order = samples::completed_order();
  Refund refund = reversing({refund_line("A-1", 1), refund_line("B-2", 1, false)});
  refund.error = "the first attempt got no answer";
  const Reversal reversal = decide_reversal(order, refund, 100, at_ms(60'000));

  EXPECT_EQ(reversal.order.status, OrderStatus::partially_refunded);
  EXPECT_EQ(reversal.order.refunded_amount, Money{1'250});
  EXPECT_EQ(reversal.order.lines[0].refunded, Quantity{1});
  EXPECT_EQ(reversal.order.lines[0].kept_off_sale, Quantity{0});
  EXPECT_EQ(reversal.order.lines[1].refunded, Quantity{1});
  EXPECT_EQ(reversal.order.lines[1].kept_off_sale, Quantity{1});
  EXPECT_EQ(reversal.order.points_earned, 22);  // floor(22.50)
  EXPECT_EQ(reversal.points_delta, -13);
  ASSERT_EQ(reversal.returned.size(), 2U);
  EXPECT_EQ(reversal.returned[0].sku.value, "A-1");
  EXPECT_EQ(reversal.returned[0].units, 1);
  EXPECT_TRUE(reversal.returned[0].restock);
  EXPECT_EQ(reversal.returned[1].sku.value, "B-2");
  EXPECT_EQ(reversal.returned[1].units, 1);
  EXPECT_FALSE(reversal.returned[1].restock);

  EXPECT_EQ(reversal.refund.status, RefundStatus::refunded);
  EXPECT_EQ(reversal.refund.amount, Money{1'250});
  EXPECT_EQ(reversal.refund.refunded_at, at_ms(60'000));
  EXPECT_FALSE(reversal.refund.next_check_at.has_value());
  EXPECT_FALSE(reversal.refund.error.has_value());
  EXPECT_FALSE(reversal.refund.stock_released);
  for (const RefundStep& step : reversal.refund.steps) {
    EXPECT_EQ(step.status, ReverseStatus::done);
    EXPECT_EQ(step.attempts, 1U);
    EXPECT_EQ(step.updated_at, at_ms(60'000));
  }
}

TEST(DecideReversal, OfAllThatIsLeftEndsTheOrder) {
  const Order order = samples::completed_order();
  const Reversal first =
      decide_reversal(order, reversing({refund_line("B-2", 2)}), 100, at_ms(60'000));
  EXPECT_EQ(first.order.status, OrderStatus::partially_refunded);
  EXPECT_EQ(first.points_delta, -5);
  const Reversal last =
      decide_reversal(first.order, reversing({refund_line("A-1", 3)}), 100, at_ms(70'000));
  EXPECT_EQ(last.order.status, OrderStatus::refunded);
  EXPECT_EQ(last.order.refunded_amount, Money{3'500});
  EXPECT_EQ(last.order.points_earned, 0);
  EXPECT_EQ(last.points_delta, -30);
}

TEST(DecideReversal, CountsUnitsAndNotMoney) {
  Order order = samples::completed_order();
  order.lines[1].unit_price = Money{0};
  order.amount = Money{3'000};
  order.points_earned = 30;
  const Refund refund = decide(order, {}, asking(Lines{refund_line("A-1", 3)})).refund.value();
  const Reversal reversal = decide_reversal(order, refund, 100, at_ms(60'000));
  EXPECT_EQ(reversal.order.status, OrderStatus::partially_refunded);
  EXPECT_EQ(reversal.order.refunded_amount, Money{3'000});
}

TEST(DecideReversal, HasNoPointsToTakeWithoutAPointsStep) {
  Order order = samples::completed_order();
  order.points_earned = 0;
  const Reversal reversal =
      decide_reversal(order, reversing({refund_line("A-1", 3)}), 0, at_ms(60'000));
  EXPECT_EQ(reversal.order.points_earned, 0);
  EXPECT_EQ(reversal.points_delta, 0);
}

TEST(DecideReversal, NeedsNotReverseWhatWasNotDone) {
  Order order = samples::completed_order();
  const Refund refund = reversing({refund_line("A-1", 1)});
  order.steps[1].status = StepStatus::skipped;
  order.points_earned = 0;
  const Reversal reversal = decide_reversal(order, refund, 0, at_ms(60'000));
  ASSERT_EQ(reversal.refund.steps.size(), 2U);
  EXPECT_EQ(reversal.refund.steps[0].name.value, "points");
  EXPECT_EQ(reversal.refund.steps[0].status, ReverseStatus::not_needed);
  EXPECT_EQ(reversal.refund.steps[0].attempts, 0U);
  EXPECT_EQ(reversal.refund.steps[1].status, ReverseStatus::done);
}

TEST(DecideReversalDeathTest, AssertsI5AndTheStatus) {
  const Order order = samples::completed_order();
  const Refund refund = reversing({refund_line("A-1", 2)});
  const Order once = decide_reversal(order, refund, 100, at_ms(60'000)).order;
  EXPECT_DEATH(decide_reversal(once, refund, 100, at_ms(60'000)), "assertion failed");
  EXPECT_DEATH(decide_reversal(order, held(), 100, at_ms(60'000)), "assertion failed");
  EXPECT_DEATH(decide_reversal(in_status(OrderStatus::processing), refund, 100, at_ms(60'000)),
               "assertion failed");
}

}  // namespace
}  // namespace holdfast
