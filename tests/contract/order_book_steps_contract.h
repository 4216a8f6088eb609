#pragma once

#include <algorithm>
#include <map>

#include "domain/change_ids.h"
#include "tests/contract/order_book_fixture.h"

namespace holdfast::testing {

/// Orders whose steps take their time: what they wait for, how they are cancelled, and when the
/// ledger has their stock back.
class OrderBookStepsContract : public OrderBookSuite {
 protected:
  /// An order in which every member of a step says something.
  static Order busy_order() {
    auto busy = order(1);
    busy.status = OrderStatus::cancelling;
    busy.reason = CancelReason::preempted;
    busy.preempted_by = refund_id(7);
    busy.next_check_at = at(90);
    auto& payment = busy.steps[1];
    payment.after = {StepName{"stock"}, StepName{"fraud check"}};
    payment.reversible = true;
    payment.wait = Milliseconds{900'000};
    payment.status = StepStatus::failed;
    payment.attempts = 9;
    payment.charged = 4;
    payment.parked = true;
    payment.deferred = true;
    payment.timed_out = true;
    payment.outcome_unknown = true;
    payment.reference = "ch_1";
    payment.error = "no answer";
    payment.report = StepReport{true, "ch_2"};
    payment.next_at = at(91);
    payment.compensation = reversal("rf_1");
    payment.late = reversal("rf_2");
    return busy;
  }
  static StepReversal reversal(const std::string& reference) {
    StepReversal reversal;
    reversal.status = ReverseStatus::running;
    reversal.attempts = 3;
    reversal.charged = 2;
    reversal.forward_unknown = true;
    reversal.parked = true;
    reversal.given_up = true;
    reversal.reference = reference;
    reversal.amount = 1'999;
    reversal.error = "503";
    reversal.next_at = at(92);
    reversal.updated_at = at(93);
    return reversal;
  }
  static Order due(std::uint64_t number, std::int64_t seconds) {
    auto due = order(number);
    due.next_check_at = at(seconds);
    return due;
  }
  std::vector<OrderId> due_orders(Instant now, std::size_t limit = 10) {
    return done(book_->due_orders(now, limit));
  }
  std::vector<std::uint64_t> unreleased(Instant placed_before = kFarFuture,
                                        std::size_t limit = 10) {
    std::vector<std::uint64_t> numbers;
    for (const auto& one : done(book_->unreleased_orders(placed_before, limit))) {
      numbers.push_back(one.id.value.bytes[15]);
    }
    return numbers;
  }
  void change_order(std::uint64_t number, const std::function<void(Order&)>& edit) {
    update(refs({number}), [&edit](const OrderAggregate& aggregate) {
      OrderChange change;
      change.order = aggregate.order;
      edit(*change.order);
      return change;
    });
  }
  /// Units of "limited" that each user has bought, as a change of its limit counts them.
  std::map<std::string, std::int64_t> bought(std::vector<OrderId> except = {}) {
    std::map<std::string, std::int64_t> units;
    for (const auto& one : done(book_->units_bought(Sku{"limited"}, std::move(except), {}))) {
      units[one.user_id.value] = one.units.units;
    }
    return units;
  }
  static ParkedMessage parked(const std::string& subject, std::uint64_t id = 1) {
    ParkedMessage message;
    message.id = uuid(0xdd, id);
    message.queue = QueueName{"holdfast.step.default.payment"};
    message.reason = "attempts_exhausted";
    message.subject = subject;
    message.order_id = order_id(1);
    message.step = StepName{"payment"};
    message.attempts = 8;
    message.first_at = at(1);
    message.last_at = at(2);
    message.detail = std::string("503 \xff\0 end", 10);
    message.body = "{}";
    return message;
  }
  std::vector<std::string> parked_subjects() {
    std::vector<std::string> subjects;
    for (const auto& one : done(book_->list_parked({}, PageRequest{})).items) {
      subjects.push_back(one.subject);
    }
    std::sort(subjects.begin(), subjects.end());
    return subjects;
  }
  using Subjects = std::vector<std::string>;
  using Numbers = std::vector<std::uint64_t>;
  using Units = std::map<std::string, std::int64_t>;
};

TEST_P(OrderBookStepsContract, an_order_under_way_reads_back_as_it_was_settled) {
  open();
  settle(busy_order());
  EXPECT_EQ(find(1)->order, busy_order());
  const auto listed = done(book_->list_orders({}, PageRequest{})).items;
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].order, busy_order());
  OrderFilter of_sku;
  of_sku.sku = Sku{"sku"};
  EXPECT_EQ(done(book_->list_orders(of_sku, PageRequest{})).items.at(0).order, busy_order());
}

TEST_P(OrderBookStepsContract, an_update_writes_all_of_it_and_takes_it_away_again) {
  open();
  settle(order(1));
  change_order(1, [](Order& order) { order = busy_order(); });
  EXPECT_EQ(find(1)->order, busy_order());
  update(refs({1}), [](const OrderAggregate& aggregate) {
    EXPECT_EQ(aggregate.order, busy_order()) << "as the next decision sees it";
    return OrderChange{};
  });
  const auto ended = cancelled(order(1));
  change_order(1, [&ended](Order& order) { order = ended; });
  EXPECT_EQ(find(1)->order, ended);
  change_order(1, [](Order& was) { was = order(1); });
  EXPECT_EQ(find(1)->order, order(1));
}

TEST_P(OrderBookStepsContract, a_refunds_reversals_read_back) {
  open();
  settle(order(1));
  auto written = refund(1, order_id(1));
  static_cast<StepReversal&>(written.steps[0]) = reversal("rf_3");
  write_refunds(1, {written});
  EXPECT_EQ(find(1)->refunds, std::vector<Refund>{written});
}

TEST_P(OrderBookStepsContract, what_others_say_of_a_step_is_stored_whatever_it_holds) {
  open();
  const std::string odd("bad \xff nul \0 end", 14);
  auto order = busy_order();
  auto& payment = order.steps[1];
  payment.error = payment.reference = payment.report->reference = odd;
  payment.compensation->error = payment.compensation->reference = odd;
  payment.late->error = payment.late->reference = odd;
  settle(order);
  auto refunded = refund(1, order_id(1));
  refunded.steps[0].error = refunded.steps[0].reference = odd;
  write_refunds(1, {refunded});
  const auto found = find(1);
  const auto& step = found->order.steps[1];
  for (const auto& text :
       {step.error, step.reference, step.report->reference, step.compensation->error,
        step.compensation->reference, step.late->error, step.late->reference,
        found->refunds[0].steps[0].error, found->refunds[0].steps[0].reference}) {
    EXPECT_EQ(text.value().substr(0, 4), "bad ");
  }
}

TEST_P(OrderBookStepsContract, due_orders_come_oldest_first_and_none_before_its_time) {
  open();
  settle(batch_of({due(1, 30), due(2, 10), due(3, 20), order(4)}));
  EXPECT_TRUE(due_orders(at(9)).empty());
  EXPECT_EQ(due_orders(at(10)), std::vector<OrderId>{order_id(2)});
  EXPECT_EQ(due_orders(at(30)), (std::vector<OrderId>{order_id(2), order_id(3), order_id(1)}));
  EXPECT_EQ(due_orders(kFarFuture, 2), (std::vector<OrderId>{order_id(2), order_id(3)}));
  change_order(2, [](Order& order) { order.next_check_at = at(40); });
  change_order(3, [](Order& order) { order.next_check_at.reset(); });
  EXPECT_EQ(due_orders(kFarFuture), (std::vector<OrderId>{order_id(1), order_id(2)}));
}

TEST_P(OrderBookStepsContract, unreleased_orders_are_found_until_they_are_marked) {
  open();
  auto released = cancelled(order(3));
  released.stock_released = true;
  auto not_yet = cancelled(order(5));
  not_yet.status = OrderStatus::cancelling;  // nothing to release before it has ended
  settle(batch_of({cancelled(order(2)), cancelled(order(1)), released, order(4), not_yet}));
  EXPECT_EQ(unreleased(), (Numbers{1, 2}));
  EXPECT_EQ(done(book_->unreleased_orders(kFarFuture, 10)).at(0), cancelled(order(1)));
  EXPECT_EQ(unreleased(at(1)), Numbers{1});
  EXPECT_EQ(unreleased(kFarFuture, 1), Numbers{1});
  EXPECT_EQ(done(book_->backlog()).unreleased, 2);
  for (int i = 0; i < 2; ++i) {
    done(book_->mark_orders_released({order_id(1), order_id(3), order_id(4), order_id(9)}));
    EXPECT_EQ(unreleased(), Numbers{2});
  }
  auto marked = cancelled(order(1));
  marked.stock_released = true;
  EXPECT_EQ(find(1)->order, marked);
  EXPECT_EQ(done(book_->backlog()).unreleased, 1);
}

TEST_P(OrderBookStepsContract, backlog_counts_what_is_under_way) {
  open();
  auto cancelling = order(3);
  cancelling.status = OrderStatus::cancelling;
  cancelling.reason = CancelReason::timed_out;
  settle(batch_of({order(1), order(2), cancelling, completed(order(4)), cancelled(order(5))}));
  auto overdue = refund(1, order_id(1));
  overdue.error = "its order has not ended";
  auto failing = refund(3, order_id(1));
  failing.status = RefundStatus::reversing;
  failing.error = "503";
  write_refunds(1, {overdue, refund(2, order_id(1)), failing});
  const auto backlog = done(book_->backlog());
  EXPECT_EQ(backlog.processing, 2);
  EXPECT_EQ(backlog.cancelling, 1);
  EXPECT_EQ(backlog.unreleased, 1);
  EXPECT_EQ(backlog.waiting, 2);
  EXPECT_EQ(backlog.reversing, 1);
  EXPECT_EQ(backlog.overdue_holds, 1);
}

TEST_P(OrderBookStepsContract, plans_are_kept_in_every_version_and_stay_as_they_are) {
  PlanStep payment;
  payment.name = StepName{"payment"};
  payment.kind = StepKind::http;
  payment.after = {StepName{"stock"}};
  payment.forward_url = "http://psp/charges?a=\"b\"";
  payment.reverse_url = "http://psp/refunds";
  payment.timeout = Milliseconds{1'234};
  payment.report_timeout = Milliseconds{5'678};
  payment.retry = RetryPolicy{3, Milliseconds{10}, 2, Milliseconds{99}};
  payment.concurrency = 7;
  payment.webhook_secret = "whsec_\xe5\xa4\xaa";
  auto with_payment = default_plan().steps;
  with_payment.push_back(payment);
  const auto first = default_plan();
  const auto second = with_version(first.name, with_payment);
  const auto third = with_version(PlanName{"another"}, with_payment);
  EXPECT_TRUE(done(book_->stored_plans()).empty());
  done(book_->store_plans({first}));
  auto altered = first;
  altered.steps[0].name = StepName{"not what was stored first"};
  done(book_->store_plans({second, altered, third, third}));
  done(book_->store_plans({}));
  auto stored = done(book_->stored_plans());
  ASSERT_EQ(stored.size(), 3U);
  for (const auto& plan : {first, second, third}) {
    EXPECT_EQ(std::count(stored.begin(), stored.end(), plan), 1) << plan.name.value;
  }
}

TEST_P(OrderBookStepsContract, a_message_is_parked_with_the_change_that_gives_it_up) {
  open();
  settle(order(1));
  update(refs({1}), [](const OrderAggregate& aggregate) {
    OrderChange change;
    change.order = aggregate.order;
    change.order->steps[1].parked = true;
    change.parked = {parked("order-1/payment"), parked("order-1/points", 2)};
    return change;
  });
  EXPECT_TRUE(find(1)->order.steps[1].parked);
  EXPECT_EQ(parked_subjects(), (Subjects{"order-1/payment", "order-1/points"}));
  EXPECT_EQ(done(book_->parked_orders({order_id(1)})), std::vector<OrderId>{order_id(1)});
  // Of a known subject it moves forward, as `record_parked` does.
  auto again = parked("order-1/payment", 9);
  again.attempts = 16;
  again.last_at = at(50);
  OrderChange change;
  change.parked = {again, parked("order-1/payment", 10)};
  write(1, change);
  ParkedFilter first;
  first.id = uuid(0xdd, 1);
  const auto moved = done(book_->list_parked(first, PageRequest{})).items;
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].attempts, 16U);
  EXPECT_EQ(moved[0].last_at, at(50));
}

TEST_P(OrderBookStepsContract, a_trouble_that_is_over_leaves_nothing_parked) {
  open();
  settle(order(1));
  done(book_->record_parked({parked("a", 1), parked("b", 2), parked("c", 3)}));
  OrderChange change;
  change.unparked = {"c", "a", "never parked"};
  write(1, change);
  EXPECT_EQ(parked_subjects(), Subjects{"b"});
  // New trouble of the same subject is another matter than the one that is over.
  change.unparked = {"b"};
  change.parked = {parked("b", 4)};
  write(1, change);
  const auto left = done(book_->list_parked({}, PageRequest{})).items;
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, uuid(0xdd, 4));
}

TEST_P(OrderBookStepsContract, a_refused_change_parks_and_unparks_nothing) {
  open();
  settle(order(1));
  done(book_->record_parked({parked("a", 1)}));
  expect_constraint(book_->update(refs({1}), [](const OrderAggregate& aggregate) {
    OrderChange change;
    change.order = aggregate.order;
    change.order->refunded_amount = aggregate.order.amount + Money{1};
    change.parked = {parked("b", 2)};
    change.unparked = {"a"};
    return change;
  }));
  EXPECT_EQ(parked_subjects(), Subjects{"a"});
}

TEST_P(OrderBookStepsContract, what_a_cancelled_order_bought_counts_until_the_ledger_has_it_back) {
  open();
  load("limited", 100);
  auto whole = cancelled(order(1, {line("limited", 5)}, "a"));
  whole.lines[0].refunded = Quantity{5};  // by the refund that pre-empted it
  settle(batch_of({whole, order(2, {line("limited", 1)}, "a"),
                   cancelled(order(3, {line("limited", 2)}, "b"))}));
  EXPECT_EQ(bought(), (Units{{"a", 6}, {"b", 2}}));
  // The ledger may have it though the book does not know yet.
  EXPECT_EQ(bought({order_id(3)}), (Units{{"a", 6}}));
  done(book_->mark_orders_released({order_id(1), order_id(3)}));
  EXPECT_EQ(bought(), (Units{{"a", 1}}));
}

TEST_P(OrderBookStepsContract, a_rebuilt_ledger_has_the_stock_of_cancelled_orders_already) {
  open();
  load("limited", 100);
  done(book_->begin_limit_change(Sku{"limited"}, 9));
  settle(batch_of({order(1, {line("limited", 5)}, "a"), order(2, {line("limited", 1)}, "b")}));
  update(refs({1}), [](const OrderAggregate& aggregate) {
    OrderChange change;
    change.order = cancelled(aggregate.order);
    StockMovement returned;
    returned.sku = Sku{"limited"};
    returned.delta = 5;
    returned.returned = 5;
    returned.kind = MovementKind::cancellation;
    returned.cause_id = aggregate.order.id.to_string();
    returned.at = at(60);
    change.stock = {returned};
    return change;
  });
  const auto snapshot = done(book_->begin_generation("g-2", kNoon, 0));
  // Both count it as given back, so the ledger must know that it has applied it.
  EXPECT_EQ(snapshot.counted, std::vector<ChangeId>{reservation_change(reservation_id(1))});
  for (const auto& sku : snapshot.skus) {
    if (sku.stock.sku.value != "limited") continue;
    EXPECT_EQ(sku.stock.on_hand(), 99);
    ASSERT_EQ(sku.bought.size(), 1U);
    EXPECT_EQ(sku.bought[0].user_id.value, "b");
  }
  done(book_->mark_orders_released({order_id(1)}));
  EXPECT_TRUE(done(book_->begin_generation("g-3", kNoon, 0)).counted.empty());
}

}  // namespace holdfast::testing
