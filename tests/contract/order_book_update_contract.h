#pragma once

#include <map>

#include "tests/contract/order_book_fixture.h"

namespace holdfast::testing {

class OrderBookUpdateContract : public OrderBookSuite {
 protected:
  static OrderChange no_change(const OrderAggregate& /*unused*/) { return {}; }
  static OrderChange complete(const OrderAggregate& aggregate) {
    OrderChange change;
    change.order = completed(aggregate.order);
    return change;
  }
  static StockMovement give_back(const Order& order, std::int64_t units) {
    StockMovement movement;
    movement.sku = Sku{"sku"};
    movement.delta = units;
    movement.returned = units;
    movement.kind = MovementKind::refund;
    movement.cause_id = refund_id(1).to_string();
    movement.at = order.placed_at + kSecond * 60;
    return movement;
  }
};

TEST_P(OrderBookUpdateContract, it_writes_what_was_decided_and_returns_it) {
  open();
  settle(order(1, {line("sku", 4)}));
  const auto decide = [](const OrderAggregate& aggregate) {
    OrderChange change;
    change.order = completed(aggregate.order);
    auto& changed = *change.order;
    changed.status = OrderStatus::partially_refunded;
    changed.lines[0].refunded = Quantity{3};
    changed.lines[0].kept_off_sale = Quantity{1};
    changed.refunded_amount = Money{3'000};
    changed.points_earned = 10;
    changed.steps[1].status = StepStatus::done;
    changed.steps[1].reference = "ch_1";
    change.refunds = {refund(1, changed.id)};
    change.refunds[0].status = RefundStatus::refunded;
    change.refunds[0].refunded_at = at(60);
    change.refunds[0].next_check_at.reset();
    change.refunds[0].stock_released = false;
    change.stock = {give_back(changed, 2)};
    PointsMovement points;
    points.user_id = changed.user_id;
    points.delta = -30;
    points.kind = MovementKind::refund;
    points.cause_id = refund_id(1).to_string();
    points.at = at(60);
    change.points = {points};
    return change;
  };
  const auto expected = decide(OrderAggregate{order(1, {line("sku", 4)}), {}});
  const auto after = update(refs({1}), decide);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].order, *expected.order);
  EXPECT_EQ(after[0].refunds, expected.refunds);
  const auto found = find(1);
  EXPECT_EQ(found->order, *expected.order);
  EXPECT_EQ(found->refunds, expected.refunds);
  EXPECT_EQ(done(book_->find_refund(refund_id(1))), expected.refunds[0]);
  EXPECT_EQ(stock("sku").sold, 4);
  EXPECT_EQ(stock("sku").returned, 2);
  const auto row = journal("sku")[0].movement;
  EXPECT_EQ(row.kind, MovementKind::refund);
  EXPECT_EQ(row.delta, 2);
  EXPECT_EQ(row.returned, 2);
  EXPECT_EQ(row.cause_id, refund_id(1).to_string());
  EXPECT_EQ(row.at, order(1).placed_at + kSecond * 60);
  const auto points = done(book_->find_points(UserId{"u-1"}, 10));
  EXPECT_EQ(points.balance, 10);
  ASSERT_EQ(points.movements.size(), 2U);
  EXPECT_EQ(points.movements[0].kind, MovementKind::refund);
  EXPECT_EQ(points.movements[0].cause_id, refund_id(1).to_string());
}

TEST_P(OrderBookUpdateContract, points_may_fall_below_zero) {
  open();
  settle(order(1));
  update(refs({1}), [](const OrderAggregate& aggregate) {
    OrderChange change;
    PointsMovement points;
    points.user_id = aggregate.order.user_id;
    points.delta = -25;
    points.kind = MovementKind::refund;
    points.cause_id = refund_id(1).to_string();
    points.at = at(60);
    change.points = {points};
    return change;
  });
  EXPECT_EQ(points("u-1"), -15);
}

TEST_P(OrderBookUpdateContract, deciding_nothing_writes_nothing) {
  open();
  settle(order(1));
  const auto after = update(refs({1}), no_change);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].order, order(1));
  EXPECT_EQ(find(1)->order, order(1));
}

TEST_P(OrderBookUpdateContract, an_order_that_nobody_knows_is_left_out) {
  open();
  settle(order(1));
  int asked = 0;
  const auto after = update(refs({7, 1, 8}), [&asked](const OrderAggregate&) {
    ++asked;
    return OrderChange{};
  });
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].order.id, order_id(1));
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(update(refs({7}), no_change).empty());
}

TEST_P(OrderBookUpdateContract, several_orders_change_together_and_their_stock_is_summed) {
  open();
  settle(batch_of({order(1), order(2), order(3)}));
  const auto decide = [](const OrderAggregate& aggregate) {
    auto change = complete(aggregate);
    change.stock = {give_back(aggregate.order, 1)};
    return change;
  };
  const auto after = update(refs({3, 1, 2, 1}), decide);
  ASSERT_EQ(after.size(), 3U);
  EXPECT_EQ(after[0].order.id, order_id(3));
  EXPECT_EQ(after[1].order.id, order_id(1));
  EXPECT_EQ(stock("sku").returned, 3);
  EXPECT_EQ(find(2)->order.status, OrderStatus::completed);
}

TEST_P(OrderBookUpdateContract, a_refund_may_come_before_its_order) {
  open();
  const auto journaled = accepted(order(1));
  std::vector<OrderRef> early{OrderRef{order_id(1), journaled}};
  const auto before = update(early, [&journaled](const OrderAggregate& aggregate) {
    EXPECT_EQ(aggregate.order, journaled);
    EXPECT_TRUE(aggregate.refunds.empty());
    OrderChange change;
    change.refunds = {refund(1, order_id(1))};
    return change;
  });
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0].refunds.size(), 1U);
  EXPECT_FALSE(find(1)) << "a stand-in is never inserted";
  EXPECT_EQ(done(book_->find_refund(refund_id(1))), refund(1, order_id(1)));

  // A second look, still before the settlement, sees the first refund.
  update(early, [](const OrderAggregate& aggregate) {
    EXPECT_EQ(aggregate.refunds.size(), 1U);
    return OrderChange{};
  });
  const auto settled = settle(order(1));
  ASSERT_EQ(settled.waiting.size(), 1U);
  EXPECT_EQ(settled.waiting[0].refund_id, refund_id(1));
  // From now on the book's row counts, not what the journal says.
  const auto after = update(early, [](const OrderAggregate& aggregate) {
    EXPECT_EQ(aggregate.order, order(1));
    EXPECT_EQ(aggregate.refunds.size(), 1U);
    auto change = complete(aggregate);
    change.refunds = aggregate.refunds;
    change.refunds[0].status = RefundStatus::reversing;
    return change;
  });
  EXPECT_EQ(after[0].refunds[0].status, RefundStatus::reversing);
  EXPECT_EQ(find(1)->refunds[0].status, RefundStatus::reversing);
}

TEST_P(OrderBookUpdateContract, refunds_come_oldest_first) {
  open();
  settle(order(1));
  write_refunds(1, {refund(3, order_id(1)), refund(1, order_id(1))});
  write_refunds(1, {refund(2, order_id(1))});
  const auto refunds = find(1)->refunds;
  ASSERT_EQ(refunds.size(), 3U);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(refunds[i].id, refund_id(i + 1));
}

TEST_P(OrderBookUpdateContract, a_refund_id_of_another_order_is_refused_with_all_else) {
  open();
  settle(batch_of({order(1), order(2)}));
  write_refunds(1, {refund(1, order_id(1))});
  expect_constraint(book_->update(refs({2}), [](const OrderAggregate& aggregate) {
    auto change = complete(aggregate);
    change.refunds = {refund(1, order_id(2))};
    change.refunds[0].amount = Money{1};
    return change;
  }));
  EXPECT_EQ(done(book_->find_refund(refund_id(1))), refund(1, order_id(1)));
  EXPECT_EQ(find(2)->order, order(2));
}

TEST_P(OrderBookUpdateContract, no_more_is_refunded_than_was_paid) {
  open();
  settle(order(1));
  expect_constraint(book_->update(refs({1}), [](const OrderAggregate& aggregate) {
    auto change = complete(aggregate);
    change.order->refunded_amount = aggregate.order.amount + Money{1};
    return change;
  }));
  EXPECT_EQ(find(1)->order, order(1));
}

TEST_P(OrderBookUpdateContract, no_more_is_returned_than_was_sold) {
  open();
  settle(order(1));
  expect_constraint(book_->update(refs({1}), [](const OrderAggregate& aggregate) {
    auto change = complete(aggregate);
    change.stock = {give_back(aggregate.order, 2)};
    return change;
  }));
  EXPECT_EQ(find(1)->order, order(1)) << "all or nothing";
  EXPECT_EQ(stock("sku").returned, 0);
  EXPECT_EQ(journal("sku").size(), 2U);
  // And the book goes on.
  EXPECT_EQ(update(refs({1}), complete)[0].order.status, OrderStatus::completed);
}

TEST_P(OrderBookUpdateContract, a_reason_goes_with_a_cancelled_order_and_no_other) {
  open();
  settle(order(1));
  expect_constraint(book_->update(refs({1}), [](const OrderAggregate& aggregate) {
    auto change = complete(aggregate);
    change.order->reason = CancelReason::timed_out;
    return change;
  }));
  expect_constraint(book_->update(refs({1}), [](const OrderAggregate& aggregate) {
    auto change = complete(aggregate);
    change.order->status = OrderStatus::cancelled;
    return change;
  }));
}

TEST_P(OrderBookUpdateContract, updates_of_one_order_wait_for_one_another) {
  open();
  const auto other = factory_->attach(loop_);
  settle(order(1, {line("sku", 100)}));
  const OrderDecision add_one = [](const OrderAggregate& aggregate) {
    OrderChange change;
    change.order = aggregate.order;
    change.order->refunded_amount += Money{1};
    return change;
  };
  std::vector<boost::asio::awaitable<PortResult<std::vector<OrderAggregate>>>> calls;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(book_->update(refs({1}), add_one));
    calls.push_back(other->update(refs({1}), add_one));
  }
  for (const auto& result : all(std::move(calls))) {
    ASSERT_TRUE(result) << result.error().detail;
  }
  EXPECT_EQ(find(1)->order.refunded_amount, Money{40});
}

TEST_P(OrderBookUpdateContract, early_refunds_of_one_order_wait_for_one_another) {
  open();
  const auto other = factory_->attach(loop_);
  const std::vector<OrderRef> early{OrderRef{order_id(1), accepted(order(1))}};
  std::vector<boost::asio::awaitable<PortResult<std::vector<OrderAggregate>>>> calls;
  for (std::uint64_t i = 0; i < 10; ++i) {
    // Only the first to come may be written, as if each asked for all that is left.
    const OrderDecision first_only = [i](const OrderAggregate& aggregate) {
      OrderChange change;
      if (aggregate.refunds.empty()) change.refunds = {refund(i, order_id(1))};
      return change;
    };
    calls.push_back((i % 2 == 0 ? *book_ : *other).update(early, first_only));
  }
  for (const auto& result : all(std::move(calls))) {
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->at(0).refunds.size(), 1U);
  }
  RefundFilter filter;
  filter.order_id = order_id(1);
  EXPECT_EQ(done(book_->list_refunds(filter, PageRequest{})).items.size(), 1U);
}

TEST_P(OrderBookUpdateContract, overlapping_updates_in_any_order_do_not_deadlock) {
  open();
  const auto other = factory_->attach(loop_);
  settle(batch_of({order(1), order(2), order(3)}));
  std::vector<boost::asio::awaitable<PortResult<std::vector<OrderAggregate>>>> calls;
  for (int i = 0; i < 10; ++i) {
    calls.push_back(book_->update(refs({1, 2, 3}), complete));
    calls.push_back(other->update(refs({3, 2, 1}), complete));
  }
  for (const auto& result : all(std::move(calls))) {
    ASSERT_TRUE(result) << result.error().detail;
  }
}

TEST_P(OrderBookUpdateContract, what_others_say_of_their_failures_is_stored_whatever_it_holds) {
  open();
  settle(order(1));
  const std::string odd("bad \xff nul \0 end", 14);
  update(refs({1}), [&odd](const OrderAggregate& aggregate) {
    OrderChange change;
    change.order = aggregate.order;
    change.order->steps[1].error = odd;
    change.order->steps[1].reference = odd;
    change.refunds = {refund(1, order_id(1))};
    change.refunds[0].error = odd;
    change.refunds[0].steps[0].error = odd;
    return change;
  });
  const auto found = find(1);
  for (const auto& text : {found->order.steps[1].error, found->order.steps[1].reference,
                           found->refunds[0].error, found->refunds[0].steps[0].error}) {
    EXPECT_EQ(text.value().substr(0, 4), "bad ");
  }
}

TEST_P(OrderBookUpdateContract, due_refunds_come_oldest_first_and_none_before_its_time) {
  open();
  settle(order(1));
  auto first = refund(1, order_id(1));
  auto second = refund(2, order_id(1));
  auto never = refund(3, order_id(1));
  first.next_check_at = at(20);
  second.next_check_at = at(10);
  never.next_check_at.reset();
  write_refunds(1, {first, second, never});
  EXPECT_TRUE(done(book_->due_refunds(at(9), 10)).empty());
  EXPECT_EQ(done(book_->due_refunds(at(10), 10)), std::vector<Refund>{second});
  EXPECT_EQ(done(book_->due_refunds(at(20), 10)), (std::vector<Refund>{second, first}));
  EXPECT_EQ(done(book_->due_refunds(kFarFuture, 1)), std::vector<Refund>{second});
}

TEST_P(OrderBookUpdateContract, unreleased_refunds_are_found_until_they_are_marked) {
  open();
  settle(order(1, {line("sku", 5)}, "the-buyer"));
  std::vector<Refund> refunds;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    refunds.push_back(refund(i, order_id(1)));
    refunds.back().status = RefundStatus::refunded;
    refunds.back().refunded_at = at(100 - static_cast<std::int64_t>(i));
    refunds.back().stock_released = i == 3;
  }
  refunds.push_back(refund(4, order_id(1)));
  refunds.back().stock_released = false;  // not done yet, so nothing to release
  write_refunds(1, refunds);
  const auto found = done(book_->unreleased_refunds(kFarFuture, 10));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].refund, refunds[1]);
  EXPECT_EQ(found[0].user_id.value, "the-buyer");
  EXPECT_EQ(found[1].refund, refunds[0]);
  EXPECT_EQ(done(book_->unreleased_refunds(kFarFuture, 1)).size(), 1U);
  EXPECT_EQ(done(book_->unreleased_refunds(at(98), 10)).size(), 1U);
  EXPECT_EQ(done(book_->backlog()).unreleased, 2);
  for (int i = 0; i < 2; ++i) {
    done(book_->mark_released({refund_id(1), refund_id(2), refund_id(9)}));
    EXPECT_TRUE(done(book_->unreleased_refunds(kFarFuture, 10)).empty());
  }
  EXPECT_TRUE(done(book_->find_refund(refund_id(1)))->stock_released);
}

}  // namespace holdfast::testing
