#pragma once

#include "tests/contract/order_book_fixture.h"

namespace holdfast::testing {

class OrderBookSettleContract : public OrderBookSuite {};

TEST_P(OrderBookSettleContract, an_order_reads_back_as_it_was_written) {
  open();
  auto written = order(1, {line("sku", 2)});
  written.lines[0].refunded = Quantity{1};
  written.lines[0].kept_off_sale = Quantity{1};
  written.refunded_amount = Money{1'000};
  written.attributes = {{"gift", "\"yes\"\n\xe6\x98\xaf"}, {"a", ""}};
  written.steps[1].attempts = 4;
  written.steps[1].reference = "ch_1";
  written.steps[1].error = "timeout";
  written.status = OrderStatus::cancelling;
  written.reason = CancelReason::payment_declined;
  written.failed_step = StepName{"payment"};
  written.completed_at = at(7);
  const auto result = settle(written);
  ASSERT_EQ(result.reports.size(), 1U);
  EXPECT_EQ(result.reports[0].order_id, written.id);
  EXPECT_EQ(result.reports[0].outcome, SettleOutcome::settled);
  const auto found = find(1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->order, written);
  EXPECT_TRUE(found->refunds.empty());
  EXPECT_FALSE(find(2));
}

TEST_P(OrderBookSettleContract, an_order_without_optional_parts_reads_back_too) {
  open();
  settle(order(1));
  EXPECT_EQ(find(1)->order, order(1));
}

TEST_P(OrderBookSettleContract, it_moves_stock_and_points_and_journals_both) {
  open();
  settle(order(1, {line("sku", 3)}));
  EXPECT_EQ(stock("sku").loaded, 1'000);
  EXPECT_EQ(stock("sku").sold, 3);
  EXPECT_EQ(stock("sku").on_hand(), 997);
  const auto rows = journal("sku");
  ASSERT_EQ(rows.size(), 2U);  // newest first: the order, then the loading
  EXPECT_EQ(rows[0].movement.delta, -3);
  EXPECT_EQ(rows[0].movement.sold, 3);
  EXPECT_EQ(rows[0].movement.kind, MovementKind::order);
  EXPECT_EQ(rows[0].movement.cause_id, order_id(1).to_string());
  EXPECT_EQ(rows[0].movement.at, order(1).placed_at);
  EXPECT_EQ(rows[1].movement.delta, 1'000);
  EXPECT_EQ(rows[1].movement.kind, MovementKind::set);
  const auto row = done(book_->find_points(UserId{"u-1"}, 10));
  EXPECT_EQ(row.balance, 30);
  ASSERT_EQ(row.movements.size(), 1U);
  EXPECT_EQ(row.movements[0].delta, 30);
  EXPECT_EQ(row.movements[0].cause_id, order_id(1).to_string());
  EXPECT_EQ(row.movements[0].at, order(1).placed_at);
}

TEST_P(OrderBookSettleContract, an_orders_movement_stands_at_the_time_it_was_placed) {
  open();
  auto late = settlement(order(1));
  late.stock[0].at = at(500);
  EXPECT_EQ(outcome(std::move(late)), SettleOutcome::settled);
  EXPECT_EQ(journal("sku")[0].movement.at, order(1).placed_at);
}

TEST_P(OrderBookSettleContract, a_redelivery_changes_nothing_and_says_how_the_order_stands) {
  open();
  settle(completed(order(1)));
  const auto again = settle(order(1));
  EXPECT_EQ(again.reports[0].outcome, SettleOutcome::already_settled);
  EXPECT_EQ(again.reports[0].standing, OrderStatus::completed);
  EXPECT_EQ(find(1)->order, completed(order(1)));
  EXPECT_EQ(stock("sku").sold, 1);
  EXPECT_EQ(journal("sku").size(), 2U);
  EXPECT_EQ(points("u-1"), 10);
}

TEST_P(OrderBookSettleContract, another_reservation_of_an_order_is_told_apart) {
  open();
  settle(order(1));
  auto second = order(1);
  second.reservation_id = reservation_id(99);
  EXPECT_EQ(outcome(settlement(second)), SettleOutcome::other_reservation);
  EXPECT_EQ(find(1)->order, order(1));
  EXPECT_EQ(stock("sku").sold, 1);
}

TEST_P(OrderBookSettleContract, old_and_new_orders_mix_in_a_batch) {
  open();
  settle(order(2));
  auto rival = order(3);
  rival.reservation_id = reservation_id(99);
  settle(rival);
  const auto result = settle(batch_of({order(1), order(2), order(3), order(4)}));
  ASSERT_EQ(result.reports.size(), 4U);
  EXPECT_EQ(result.reports[0].outcome, SettleOutcome::settled);
  EXPECT_EQ(result.reports[1].outcome, SettleOutcome::already_settled);
  EXPECT_EQ(result.reports[2].outcome, SettleOutcome::other_reservation);
  EXPECT_EQ(result.reports[3].outcome, SettleOutcome::settled);
  EXPECT_EQ(stock("sku").sold, 4);
}

TEST_P(OrderBookSettleContract, one_reservation_twice_in_a_batch_is_settled_once) {
  open();
  const auto result = settle(batch_of({order(1), order(1)}));
  EXPECT_EQ(result.reports[0].outcome, SettleOutcome::settled);
  EXPECT_EQ(result.reports[1].outcome, SettleOutcome::already_settled);
  EXPECT_EQ(result.reports[1].standing, OrderStatus::processing);
  EXPECT_EQ(stock("sku").sold, 1);
}

TEST_P(OrderBookSettleContract, of_two_reservations_of_one_order_in_a_batch_one_wins) {
  open();
  auto second = order(1, {line("sku", 5)});
  second.reservation_id = reservation_id(99);
  const auto result = settle(batch_of({order(1), second}));
  const bool first_won = result.reports[0].outcome == SettleOutcome::settled;
  EXPECT_EQ(result.reports[first_won ? 1 : 0].outcome, SettleOutcome::other_reservation);
  EXPECT_EQ(result.reports[first_won ? 0 : 1].outcome, SettleOutcome::settled);
  EXPECT_EQ(stock("sku").sold, first_won ? 1 : 5);
  EXPECT_EQ(find(1)->order.reservation_id, first_won ? reservation_id(1) : reservation_id(99));
}

TEST_P(OrderBookSettleContract, before_the_first_generation_every_order_is_stale) {
  load("sku", 10);
  EXPECT_EQ(outcome(settlement(order(1))), SettleOutcome::stale_generation);
  EXPECT_FALSE(find(1));
  EXPECT_EQ(stock("sku").sold, 0);
}

TEST_P(OrderBookSettleContract, an_order_of_another_generation_is_stale_unless_it_is_in_the_book) {
  open();
  settle(order(1));
  begin_generation("generation-2");
  std::vector<Settlement> batch = batch_of({order(1), order(2)});
  batch.push_back(settlement(order(3), "generation-2"));
  const auto result = settle(std::move(batch));
  EXPECT_EQ(result.reports[0].outcome, SettleOutcome::already_settled);
  EXPECT_EQ(result.reports[1].outcome, SettleOutcome::stale_generation);
  EXPECT_EQ(result.reports[2].outcome, SettleOutcome::settled);
  EXPECT_FALSE(find(2));
  EXPECT_EQ(stock("sku").sold, 2);
}

TEST_P(OrderBookSettleContract, overselling_refuses_the_whole_batch) {
  begin_generation();
  load("sku", 3);
  load("other", 10);
  auto batch = batch_of(
      {order(1, {line("other", 1)}), order(2, {line("sku", 2)}), order(3, {line("sku", 2)})});
  expect_constraint(book_->settle(std::move(batch)));
  for (const auto number : {1U, 2U, 3U}) EXPECT_FALSE(find(number));
  EXPECT_EQ(stock("sku").sold, 0);
  EXPECT_EQ(stock("other").sold, 0);
  EXPECT_EQ(journal("other").size(), 1U);
  EXPECT_EQ(points("u-1"), 0);
  // The book is as usable as before, down to the last unit.
  EXPECT_EQ(outcome(settlement(order(4, {line("sku", 3)}))), SettleOutcome::settled);
  EXPECT_EQ(stock("sku").on_hand(), 0);
}

TEST_P(OrderBookSettleContract, a_sku_that_the_book_has_not_refuses_the_whole_batch) {
  open();
  expect_constraint(book_->settle(batch_of({order(1), order(2, {line("unheard-of", 1)})})));
  EXPECT_FALSE(find(1));
  EXPECT_EQ(stock("sku").sold, 0);
}

TEST_P(OrderBookSettleContract, a_refused_order_is_written_cancelled_and_its_movements_cancel_out) {
  begin_generation();
  load("sku", 0);
  auto refused = order(1);
  refused.status = OrderStatus::cancelled;
  refused.reason = CancelReason::stock_mismatch;
  refused.points_earned = 0;
  auto one = settlement(refused);
  one.stock[0].sold = 0;
  auto back = one.stock[0];
  back.kind = MovementKind::cancellation;
  back.delta = 1;
  back.at = at(60);
  one.stock.push_back(back);
  EXPECT_EQ(outcome(std::move(one)), SettleOutcome::settled);
  EXPECT_EQ(find(1)->order, refused);
  const auto rows = journal("sku");
  ASSERT_EQ(rows.size(), 2U);  // a load of nothing leaves no row
  EXPECT_EQ(rows[0].movement.kind, MovementKind::cancellation);
  EXPECT_EQ(rows[0].movement.at, at(60));
  EXPECT_EQ(rows[0].movement.delta + rows[1].movement.delta, 0);
  EXPECT_EQ(stock("sku").sold, 0);
  EXPECT_EQ(done(book_->find_points(UserId{"u-1"}, 10)).movements.size(), 0U);
}

TEST_P(OrderBookSettleContract, held_refunds_of_the_orders_are_reported) {
  open();
  std::vector<OrderRef> early;
  for (const auto number : {1U, 2U, 3U}) {
    early.push_back(OrderRef{order_id(number), accepted(order(number))});
  }
  update(std::move(early), [](const OrderAggregate& aggregate) {
    OrderChange change;
    const auto& id = aggregate.order.id;
    if (id == order_id(1)) change.refunds = {refund(11, id), refund(12, id)};
    if (id == order_id(2)) change.refunds = {refund(21, id)};
    if (id == order_id(1)) change.refunds[1].status = RefundStatus::failed;
    return change;
  });
  const auto result = settle(batch_of({order(1), order(3)}));
  ASSERT_EQ(result.waiting.size(), 1U);
  EXPECT_EQ(result.waiting[0].order_id, order_id(1));
  EXPECT_EQ(result.waiting[0].refund_id, refund_id(11));
  // A redelivery reports them again: whoever was to wake them may have died before.
  EXPECT_EQ(settle(order(1)).waiting.size(), 1U);
}

TEST_P(OrderBookSettleContract, a_full_batch_adds_up) {
  begin_generation();
  for (const auto* sku : {"a", "b", "c"}) load(sku, 10'000);
  std::vector<Order> orders;
  for (std::uint64_t i = 0; i < 256; ++i) {
    const auto units = static_cast<std::int64_t>(i % 5 + 1);
    orders.push_back(order(1'000 - i, {line(i % 2 == 0 ? "a" : "b", units), line("c", 1)},
                           "u-" + std::to_string(i % 7)));
  }
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::int64_t given = 0;
  for (const auto& one : orders) {
    (one.lines[0].sku.value == "a" ? a : b) += one.lines[0].quantity.units;
    given += one.points_earned;
  }
  const auto result = settle(batch_of(orders));
  for (std::size_t i = 0; i < orders.size(); ++i) {
    EXPECT_EQ(result.reports[i].order_id, orders[i].id);
    EXPECT_EQ(result.reports[i].outcome, SettleOutcome::settled);
  }
  EXPECT_EQ(stock("a").sold, a);
  EXPECT_EQ(stock("b").sold, b);
  EXPECT_EQ(stock("c").sold, 256);
  std::int64_t had = 0;
  for (int user = 0; user < 7; ++user) had += points("u-" + std::to_string(user));
  EXPECT_EQ(had, given);
}

TEST_P(OrderBookSettleContract, an_empty_batch_is_nothing) {
  open();
  EXPECT_TRUE(settle(std::vector<Settlement>{}).reports.empty());
}

TEST_P(OrderBookSettleContract, the_same_orders_on_two_books_at_once_are_settled_once) {
  open();
  const auto other = factory_->attach(loop_);
  std::vector<Order> orders;
  for (std::uint64_t i = 0; i < 50; ++i) orders.push_back(order(i));
  auto reversed = orders;
  std::reverse(reversed.begin(), reversed.end());
  std::vector<boost::asio::awaitable<PortResult<SettleResult>>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(book_->settle(batch_of(orders)));
    calls.push_back(other->settle(batch_of(reversed)));
  }
  int settled = 0;
  for (const auto& result : all(std::move(calls))) {
    ASSERT_TRUE(result) << result.error().detail;
    for (const auto& report : result->reports) {
      settled += report.outcome == SettleOutcome::settled ? 1 : 0;
      EXPECT_TRUE(report.outcome == SettleOutcome::settled ||
                  report.outcome == SettleOutcome::already_settled);
    }
  }
  EXPECT_EQ(settled, 50);
  EXPECT_EQ(stock("sku").sold, 50);
}

}  // namespace holdfast::testing
