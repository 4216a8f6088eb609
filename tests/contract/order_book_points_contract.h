#pragma once

#include "tests/contract/order_book_fixture.h"

namespace holdfast::testing {

/// Points that are taken back, where the book is configured to stop at a balance of zero. That they
/// may fall below it otherwise is shown with the updates.
class OrderBookPointsContract : public OrderBookSuite {
 protected:
  /// Order 1 earned u-1 10 points.
  void earn_ten() {
    open();
    settle(order(1));
    book_ = factory_->attach_with_points_floor(loop_);
  }
  void move(std::vector<PointsMovement> movements) {
    OrderChange change;
    change.points = std::move(movements);
    write(1, std::move(change));
  }
  /// What the journal says was given and taken, oldest first.
  std::vector<std::int64_t> journaled(const std::string& user) {
    std::vector<std::int64_t> deltas;
    const auto row = done(book_->find_points(UserId{user}, 50));
    for (auto movement = row.movements.rbegin(); movement != row.movements.rend(); ++movement) {
      deltas.push_back(movement->delta);
    }
    return deltas;
  }
  using Deltas = std::vector<std::int64_t>;
};

TEST_P(OrderBookPointsContract, what_the_balance_has_is_taken_in_full) {
  earn_ten();
  move({points_of("u-1", -4)});
  EXPECT_EQ(points("u-1"), 6);
  move({points_of("u-1", -6, 2)});
  EXPECT_EQ(points("u-1"), 0);
  EXPECT_EQ(journaled("u-1"), (Deltas{10, -4, -6}));
}

TEST_P(OrderBookPointsContract, what_it_has_not_is_left_and_the_journal_says_what_was_taken) {
  earn_ten();
  move({points_of("u-1", -25)});
  EXPECT_EQ(points("u-1"), 0);
  EXPECT_EQ(journaled("u-1"), (Deltas{10, -10}));
  const auto last = done(book_->find_points(UserId{"u-1"}, 1)).movements.at(0);
  EXPECT_EQ(last.cause_id, refund_id(1).to_string());
  EXPECT_EQ(last.kind, MovementKind::refund);
  EXPECT_EQ(last.at, at(61));
}

TEST_P(OrderBookPointsContract, of_an_empty_balance_nothing_is_taken_or_journaled) {
  earn_ten();
  move({points_of("u-1", -10)});
  move({points_of("u-1", -1, 2), points_of("never-seen", -5)});
  EXPECT_EQ(points("u-1"), 0);
  EXPECT_EQ(journaled("u-1"), (Deltas{10, -10}));
  EXPECT_EQ(points("never-seen"), 0);
  EXPECT_TRUE(journaled("never-seen").empty());
}

TEST_P(OrderBookPointsContract, a_balance_below_zero_stays_where_it_is_until_points_are_given) {
  earn_ten();
  const auto without_floor = factory_->attach(loop_);
  done(without_floor->update(refs({1}), [](const OrderAggregate&) {
    OrderChange change;
    change.points = {points_of("u-1", -13)};
    return change;
  }));
  move({points_of("u-1", -1, 2)});
  EXPECT_EQ(points("u-1"), -3);
  move({points_of("u-1", 5, 3), points_of("u-1", -4, 4)});
  EXPECT_EQ(points("u-1"), 0);
  EXPECT_EQ(journaled("u-1"), (Deltas{10, -13, 5, -2}));
}

TEST_P(OrderBookPointsContract, several_takings_at_once_share_what_there_is_in_their_order) {
  earn_ten();
  move({points_of("u-1", -7, 1), points_of("u-2", 3, 1), points_of("u-1", -7, 2),
        points_of("u-1", -7, 3), points_of("u-2", -1, 2)});
  EXPECT_EQ(points("u-1"), 0);
  EXPECT_EQ(journaled("u-1"), (Deltas{10, -7, -3}));
  EXPECT_EQ(points("u-2"), 2);
  EXPECT_EQ(journaled("u-2"), (Deltas{3, -1}));
}

TEST_P(OrderBookPointsContract, takings_that_come_together_do_not_take_the_same_points) {
  open();
  std::vector<Order> orders;
  for (std::uint64_t i = 1; i <= 12; ++i) orders.push_back(order(i));  // 120 points
  settle(batch_of(std::move(orders)));
  const auto one = factory_->attach_with_points_floor(loop_);
  const auto other = factory_->attach_with_points_floor(loop_);
  std::vector<boost::asio::awaitable<PortResult<std::vector<OrderAggregate>>>> calls;
  for (std::uint64_t i = 1; i <= 12; ++i) {
    const OrderDecision take = [i](const OrderAggregate&) {
      OrderChange change;
      change.points = {points_of("u-1", -17, i)};
      return change;
    };
    calls.push_back((i % 2 == 0 ? *one : *other).update(refs({i}), take));
  }
  for (const auto& result : all(std::move(calls))) {
    ASSERT_TRUE(result) << result.error().detail;
  }
  EXPECT_EQ(points("u-1"), 0);
  std::int64_t taken = 0;
  for (const auto delta : journaled("u-1")) taken -= delta < 0 ? delta : 0;
  EXPECT_EQ(taken, 120);
}

}  // namespace holdfast::testing
