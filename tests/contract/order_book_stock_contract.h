#pragma once

#include "tests/contract/order_book_fixture.h"

namespace holdfast::testing {

class OrderBookStockContract : public OrderBookSuite {
 protected:
  using Outcome = BeginStockChangeOutcome;
  using State = StockChange::State;

  static BeginStockChange set(const std::string& id, std::int64_t on_hand,
                              const std::string& sku = "sku") {
    BeginStockChange request;
    request.change_id = ChangeId{id};
    request.sku = Sku{sku};
    request.set_on_hand = on_hand;
    request.create_if_missing = true;
    request.at = kNoon;
    return request;
  }
  static BeginStockChange add(const std::string& id, std::int64_t delta,
                              const std::string& sku = "sku") {
    BeginStockChange request;
    request.change_id = ChangeId{id};
    request.sku = Sku{sku};
    request.delta = delta;
    request.at = kNoon;
    return request;
  }
  BeginStockChangeResult begin(BeginStockChange request) {
    return done(book_->begin_stock_change(std::move(request)));
  }
  void finish(const std::string& id, bool applied) {
    done(book_->finish_stock_change(ChangeId{id}, applied));
  }
  std::vector<StockChange> pending(Instant begun_before = kFarFuture) {
    return done(book_->pending_stock_changes(begun_before, 100));
  }
  std::int64_t journal_sum(const std::string& sku) {
    std::int64_t sum = 0;
    for (const auto& row : journal(sku)) sum += row.movement.delta;
    return sum;
  }
};

TEST_P(OrderBookStockContract, a_put_creates_a_sku_and_an_adjustment_does_not) {
  EXPECT_EQ(begin(add("a", 1)).outcome, Outcome::unknown_sku);
  EXPECT_FALSE(done(book_->find_stock(Sku{"sku"})));
  const auto result = begin(set("b", 100));
  EXPECT_EQ(result.outcome, Outcome::begun);
  EXPECT_EQ(result.change.change_id.value, "b");
  EXPECT_EQ(result.change.kind, MovementKind::set);
  EXPECT_EQ(result.change.delta, 100);
  EXPECT_EQ(result.change.state, State::pending);
  EXPECT_EQ(result.change.at, kNoon);
  EXPECT_EQ(stock("sku").on_hand(), 100);
}

TEST_P(OrderBookStockContract, a_positive_change_counts_when_it_is_begun) {
  load("sku", 10);
  auto request = add("more", 5);
  request.reason = "found some";
  request.at = at(1);
  const auto result = begin(request);
  EXPECT_EQ(result.change.kind, MovementKind::adjustment);
  EXPECT_EQ(result.change.reason, "found some");
  EXPECT_EQ(stock("sku").loaded, 15);
  const auto row = journal("sku")[0].movement;
  EXPECT_EQ(row.cause_id, "more");
  EXPECT_EQ(row.kind, MovementKind::adjustment);
  EXPECT_EQ(row.delta, 5);
  EXPECT_EQ(row.loaded, 5);
  ASSERT_EQ(pending().size(), 1U);
  EXPECT_EQ(pending()[0].change_id.value, "more");
  EXPECT_EQ(pending()[0].reason, "found some");
  for (int i = 0; i < 2; ++i) finish("more", true);
  EXPECT_EQ(stock("sku").loaded, 15);
  EXPECT_EQ(journal("sku").size(), 2U);
  EXPECT_TRUE(pending().empty());
}

TEST_P(OrderBookStockContract, a_negative_change_counts_when_it_was_applied) {
  load("sku", 10);
  EXPECT_EQ(begin(add("less", -4)).outcome, Outcome::begun);
  EXPECT_EQ(stock("sku").on_hand(), 10);
  EXPECT_EQ(journal("sku").size(), 1U);
  for (int i = 0; i < 2; ++i) finish("less", true);
  EXPECT_EQ(stock("sku").on_hand(), 6);
  EXPECT_EQ(stock("sku").loaded, 6);
  EXPECT_EQ(journal_sum("sku"), 6);
  finish("less", false);  // it has ended
  EXPECT_EQ(stock("sku").on_hand(), 6);
}

TEST_P(OrderBookStockContract, a_refused_change_leaves_nothing) {
  load("sku", 10);
  begin(add("less", -4));
  finish("less", false);
  begin(add("more", 4));
  finish("more", false);
  EXPECT_EQ(stock("sku").on_hand(), 10);
  EXPECT_EQ(journal_sum("sku"), 10);
  EXPECT_TRUE(pending().empty());
  finish("less", true);
  EXPECT_EQ(stock("sku").on_hand(), 10);
  const auto again = begin(add("less", -4));
  EXPECT_EQ(again.outcome, Outcome::existed);
  EXPECT_EQ(again.change.state, State::refused);
}

TEST_P(OrderBookStockContract, setting_what_is_there_already_is_applied_at_once) {
  load("sku", 10);
  const auto result = begin(set("same", 10));
  EXPECT_EQ(result.outcome, Outcome::begun);
  EXPECT_EQ(result.change.delta, 0);
  EXPECT_EQ(result.change.state, State::applied);
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(journal("sku").size(), 1U);
}

TEST_P(OrderBookStockContract, setting_counts_what_was_sold_and_what_will_be_taken) {
  begin_generation();
  load("sku", 10);
  settle(order(1, {line("sku", 3)}));
  EXPECT_EQ(begin(set("up", 20)).change.delta, 13);
  EXPECT_EQ(stock("sku").on_hand(), 20);
  EXPECT_EQ(begin(set("down", 5)).change.delta, -15);
  // `down` is not applied yet, but what it takes is spoken for: 20 − 15 = 5.
  EXPECT_EQ(begin(set("up-again", 8)).change.delta, 3);
  finish("down", true);
  EXPECT_EQ(stock("sku").on_hand(), 8);
  EXPECT_EQ(stock("sku").sold, 3);
}

TEST_P(OrderBookStockContract, the_same_change_again_answers_as_the_first_did) {
  load("sku", 10);
  EXPECT_EQ(begin(add("a", 5)).outcome, Outcome::begun);
  auto again = add("a", 5);
  again.at = at(60);
  EXPECT_EQ(begin(again).outcome, Outcome::existed);
  EXPECT_EQ(begin(again).change.at, kNoon);
  EXPECT_EQ(begin(again).change.state, State::pending);
  EXPECT_EQ(stock("sku").on_hand(), 15);
  // A PUT repeated says the same, though the delta would now be another.
  EXPECT_EQ(begin(set("p", 20)).change.delta, 5);
  EXPECT_EQ(begin(set("p", 20)).outcome, Outcome::existed);
  EXPECT_EQ(begin(set("p", 20)).change.delta, 5);
  EXPECT_EQ(stock("sku").on_hand(), 20);
}

TEST_P(OrderBookStockContract, the_same_id_with_another_content_is_a_conflict) {
  load("sku", 10);
  load("other", 10);
  begin(add("a", 5));
  EXPECT_EQ(begin(add("a", 6)).outcome, Outcome::conflict);
  EXPECT_EQ(begin(add("a", 5, "other")).outcome, Outcome::conflict);
  EXPECT_EQ(begin(add("a", 5, "unheard-of")).outcome, Outcome::conflict);
  EXPECT_EQ(begin(set("a", 15)).outcome, Outcome::conflict);
  EXPECT_EQ(begin(set("a", 15, "new")).outcome, Outcome::conflict);
  EXPECT_FALSE(done(book_->find_stock(Sku{"new"})));
  auto with_reason = add("a", 5);
  with_reason.reason = "x";
  EXPECT_EQ(begin(with_reason).outcome, Outcome::conflict);
  EXPECT_EQ(stock("sku").on_hand(), 15);
  EXPECT_EQ(stock("other").on_hand(), 10);
}

TEST_P(OrderBookStockContract, on_hand_stays_within_its_bounds) {
  constexpr std::int64_t kMost = 1'000'000'000'000;
  EXPECT_EQ(begin(set("too-much", kMost + 1)).outcome, Outcome::out_of_bounds);
  EXPECT_EQ(begin(set("negative", -1)).outcome, Outcome::out_of_bounds);
  EXPECT_FALSE(done(book_->find_stock(Sku{"sku"}))) << "a refused PUT creates nothing";
  load("sku", kMost);
  EXPECT_EQ(begin(add("one-more", 1)).outcome, Outcome::out_of_bounds);
  EXPECT_EQ(begin(add("overflow", INT64_MAX)).outcome, Outcome::out_of_bounds);
  EXPECT_EQ(begin(add("underflow", INT64_MIN)).outcome, Outcome::out_of_bounds);
  EXPECT_EQ(begin(add("nearly-all", 1 - kMost)).outcome, Outcome::begun);
  // One is left once that is applied.
  EXPECT_EQ(begin(add("two", -2)).outcome, Outcome::out_of_bounds);
  EXPECT_EQ(begin(add("one", -1)).outcome, Outcome::begun);
}

TEST_P(OrderBookStockContract, a_change_at_once_from_two_books_is_begun_once) {
  load("sku", 10);
  const auto other = factory_->attach(loop_);
  std::vector<boost::asio::awaitable<PortResult<BeginStockChangeResult>>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(book_->begin_stock_change(add("a", 5)));
    calls.push_back(other->begin_stock_change(add("a", 5)));
  }
  int begun = 0;
  for (const auto& result : all(std::move(calls))) {
    ASSERT_TRUE(result) << result.error().detail;
    begun += result->outcome == Outcome::begun ? 1 : 0;
  }
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(stock("sku").on_hand(), 15);
}

TEST_P(OrderBookStockContract, pending_changes_come_oldest_first) {
  load("sku", 10);
  auto late = add("late", 1);
  late.at = at(20);
  begin(late);
  auto early = add("early", -1);
  early.at = at(10);
  begin(early);
  EXPECT_EQ(pending(at(9)).size(), 0U);
  EXPECT_EQ(pending(at(10)).size(), 1U);
  ASSERT_EQ(pending().size(), 2U);
  EXPECT_EQ(pending()[0].change_id.value, "early");
  EXPECT_EQ(pending()[0].delta, -1);
  EXPECT_EQ(done(book_->pending_stock_changes(kFarFuture, 1)).size(), 1U);
  EXPECT_EQ(done(book_->backlog()).pending_changes, 2);
}

TEST_P(OrderBookStockContract, a_purchase_limit_is_pending_until_the_ledger_has_it) {
  EXPECT_EQ(done(book_->begin_limit_change(Sku{"sku"}, 2)), std::nullopt);
  load("sku", 10);
  EXPECT_TRUE(done(book_->pending_limit_changes(kFarFuture)).empty());
  EXPECT_EQ(done(book_->begin_limit_change(Sku{"sku"}, 2)), 1);
  EXPECT_EQ(stock("sku").purchase_limit, 2);
  const auto open = done(book_->pending_limit_changes(kFarFuture));
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].sku.value, "sku");
  EXPECT_EQ(open[0].purchase_limit, 2);
  EXPECT_EQ(open[0].limit_version, 1);
  EXPECT_TRUE(done(book_->pending_limit_changes(Instant{})).empty()) << "begun after 1970";
  // Changed again meanwhile: what the ledger was told is not what it should have.
  EXPECT_EQ(done(book_->begin_limit_change(Sku{"sku"}, std::nullopt)), 2);
  done(book_->finish_limit_change(attempt("sku", 1)));
  EXPECT_EQ(done(book_->pending_limit_changes(kFarFuture)).size(), 1U);
  done(book_->finish_limit_change(attempt("sku", 2)));
  EXPECT_TRUE(done(book_->pending_limit_changes(kFarFuture)).empty());
  EXPECT_EQ(stock("sku").purchase_limit, std::nullopt);
}

TEST_P(OrderBookStockContract, one_attempt_at_a_limit_follows_another) {
  load("sku", 10);
  EXPECT_EQ(done(book_->retry_limit_change(attempt("sku", 0))), std::nullopt) << "none is pending";
  ASSERT_EQ(done(book_->begin_limit_change(Sku{"sku"}, 2)), 1);
  EXPECT_EQ(done(book_->retry_limit_change(attempt("sku", 1))), 2);
  EXPECT_EQ(done(book_->retry_limit_change(attempt("sku", 1))), std::nullopt) << "overtaken";
  done(book_->finish_limit_change(attempt("sku", 1)));
  ASSERT_EQ(done(book_->pending_limit_changes(kFarFuture)).size(), 1U);
  EXPECT_EQ(done(book_->pending_limit_changes(kFarFuture))[0].limit_version, 2);
  done(book_->finish_limit_change(attempt("sku", 2)));
  EXPECT_EQ(done(book_->retry_limit_change(attempt("sku", 2))), std::nullopt) << "finished";
  EXPECT_EQ(stock("sku").purchase_limit, 2);
  EXPECT_EQ(stock("sku").limit_version, 2);
}

TEST_P(OrderBookStockContract, units_bought_count_orders_that_stand) {
  open();
  load("other", 100);
  auto partly = order(2, {line("sku", 5), line("other", 9)}, "b");
  partly.status = OrderStatus::partially_refunded;
  partly.lines[0].refunded = Quantity{2};
  auto given_back = order(3, {line("sku", 7)}, "b");
  given_back.status = OrderStatus::refunded;
  given_back.lines[0].refunded = Quantity{7};
  auto cancelled = order(4, {line("sku", 7)}, "c");
  cancelled.status = OrderStatus::cancelled;
  cancelled.reason = CancelReason::timed_out;
  auto cancelling = order(5, {line("sku", 2)}, "d");
  cancelling.status = OrderStatus::cancelling;
  cancelling.reason = CancelReason::timed_out;
  settle(batch_of({order(1, {line("sku", 1)}, "a"), partly, given_back, cancelled, cancelling,
                   order(6, {line("sku", 4)}, "a"), order(7, {line("other", 4)}, "e")}));
  auto returned = refund(1, order_id(2));
  returned.status = RefundStatus::refunded;
  returned.lines[0].quantity = Quantity{2};
  returned.refunded_at = at(100);
  returned.stock_released = false;
  write_refunds(2, {returned});

  const auto bought = [this](std::vector<OrderId> except, std::vector<RefundId> in_ledger) {
    std::map<std::string, std::int64_t> units;
    for (const auto& one : done(book_->units_bought(Sku{"sku"}, except, in_ledger))) {
      units[one.user_id.value] = one.units.units;
    }
    return units;
  };
  using Units = std::map<std::string, std::int64_t>;
  // A cancelling order's units are subtracted when they come back on sale, so they count; and so do
  // those of a refund that the ledger has not got.
  EXPECT_EQ(bought({}, {}), (Units{{"a", 5}, {"b", 5}, {"d", 2}}));
  EXPECT_EQ(bought({order_id(6), order_id(5)}, {}), (Units{{"a", 1}, {"b", 5}}));
  EXPECT_EQ(bought({}, {refund_id(1)}), (Units{{"a", 5}, {"b", 3}, {"d", 2}}));
  EXPECT_EQ(bought({order_id(2)}, {}), (Units{{"a", 5}, {"d", 2}}));
  done(book_->mark_released({refund_id(1)}));
  EXPECT_EQ(bought({}, {}), (Units{{"a", 5}, {"b", 3}, {"d", 2}}));
}

}  // namespace holdfast::testing
