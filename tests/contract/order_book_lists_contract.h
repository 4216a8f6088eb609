#pragma once

#include <algorithm>

#include "tests/contract/order_book_fixture.h"

namespace holdfast::testing {

class OrderBookListsContract : public OrderBookSuite {
 protected:
  /// Reads all pages and returns what `id_of` makes of the items; checks the sizes of pages.
  template <class Call, class IdOf>
  std::vector<std::uint64_t> walk(std::size_t limit, Call call, IdOf id_of) {
    std::vector<std::uint64_t> ids;
    PageRequest request{limit, std::nullopt};
    for (int pages = 0; pages < 100; ++pages) {
      const auto page = done(call(request));
      for (const auto& item : page.items) ids.push_back(id_of(item));
      if (!page.next_cursor) return ids;
      EXPECT_EQ(page.items.size(), limit);
      EXPECT_NE(page.next_cursor, request.cursor);
      request.cursor = page.next_cursor;
    }
    throw std::runtime_error("the pages do not end");
  }
  static std::uint64_t number_of(const Uuid& id) {
    std::uint64_t number = 0;
    for (std::size_t i = 8; i < 16; ++i) number = number << 8U | id.bytes[i];
    return number;
  }
  std::vector<std::uint64_t> orders(const OrderFilter& filter, std::size_t limit = 3) {
    return walk(
        limit, [&](const PageRequest& page) { return book_->list_orders(filter, page); },
        [](const OrderAggregate& item) { return number_of(item.order.id.value); });
  }
  std::vector<std::uint64_t> refunds(const RefundFilter& filter, std::size_t limit = 2) {
    return walk(
        limit, [&](const PageRequest& page) { return book_->list_refunds(filter, page); },
        [](const Refund& item) { return number_of(item.id.value); });
  }
  template <class T>
  void expect_rejected(boost::asio::awaitable<PortResult<T>> call) {
    const auto error = error_of(std::move(call));
    EXPECT_EQ(to_string(error.kind), to_string(PortErrorKind::rejected));
    EXPECT_EQ(to_string(error.effect), to_string(Effect::none));
  }
  using Numbers = std::vector<std::uint64_t>;

  /// Orders 1 to 8. By user: odd "a", even "b". Of SKU x: 1, 2, 5, 6; of y: 3, 4, 7, 8 and 1.
  /// Completed: 1 to 4; processing: 5, 6; cancelled: 7, 8.
  void write_eight() {
    begin_generation();
    load("x", 100);
    load("y", 100);
    std::vector<Order> all;
    for (std::uint64_t i = 1; i <= 8; ++i) {
      std::vector<OrderLine> lines{line(((i - 1) / 2) % 2 == 0 ? "x" : "y", 1)};
      if (i == 1) lines.push_back(line("y", 1));
      all.push_back(order(i, std::move(lines), i % 2 == 1 ? "a" : "b"));
      if (i <= 4) all.back() = completed(all.back());
      if (i >= 7) {
        all.back().status = OrderStatus::cancelled;
        all.back().reason = CancelReason::timed_out;
      }
    }
    settle(batch_of(std::move(all)));
  }
  static OrderFilter filter(std::optional<std::string> user, std::optional<OrderStatus> status,
                            std::optional<std::string> sku) {
    OrderFilter filter;
    if (user) filter.user_id = UserId{*user};
    filter.status = status;
    if (sku) filter.sku = Sku{*sku};
    return filter;
  }
};

TEST_P(OrderBookListsContract, orders_come_newest_first_with_their_refunds) {
  write_eight();
  write_refunds(2, {refund(2, order_id(2)), refund(1, order_id(2))});
  const auto page = done(book_->list_orders({}, PageRequest{50, std::nullopt}));
  ASSERT_EQ(page.items.size(), 8U);
  EXPECT_FALSE(page.next_cursor);
  EXPECT_EQ(page.items[0].order.id, order_id(8));
  EXPECT_EQ(page.items[7].order, find(1)->order);
  ASSERT_EQ(page.items[6].refunds.size(), 2U);
  EXPECT_EQ(page.items[6].refunds[0].id, refund_id(1));
  EXPECT_EQ(orders({}), (Numbers{8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(orders({}, 8), (Numbers{8, 7, 6, 5, 4, 3, 2, 1}));
}

TEST_P(OrderBookListsContract, filters_combine_freely) {
  write_eight();
  constexpr auto kCompleted = OrderStatus::completed;
  constexpr auto kCancelled = OrderStatus::cancelled;
  const auto none = std::nullopt;
  EXPECT_EQ(orders(filter("a", none, none)), (Numbers{7, 5, 3, 1}));
  EXPECT_EQ(orders(filter(none, kCompleted, none)), (Numbers{4, 3, 2, 1}));
  EXPECT_EQ(orders(filter(none, kCancelled, none)), (Numbers{8, 7}));
  EXPECT_EQ(orders(filter(none, OrderStatus::refunded, none)), Numbers{});
  EXPECT_EQ(orders(filter(none, none, "x")), (Numbers{6, 5, 2, 1}));
  EXPECT_EQ(orders(filter(none, none, "y")), (Numbers{8, 7, 4, 3, 1}));
  EXPECT_EQ(orders(filter(none, kCompleted, "y")), (Numbers{4, 3, 1}));
  EXPECT_EQ(orders(filter(none, kCancelled, "y")), (Numbers{8, 7}));
  EXPECT_EQ(orders(filter(none, kCancelled, "x")), Numbers{});
  EXPECT_EQ(orders(filter("b", none, "x")), (Numbers{6, 2}));
  EXPECT_EQ(orders(filter("a", kCompleted, "y")), (Numbers{3, 1}));
  EXPECT_EQ(orders(filter("nobody", none, none)), Numbers{});
  EXPECT_EQ(orders(filter(none, none, "'; drop table orders; --")), Numbers{});
}

TEST_P(OrderBookListsContract, the_span_of_time_takes_its_begin_and_leaves_its_end) {
  write_eight();
  for (const auto& sku : {std::optional<std::string>{}, std::optional<std::string>{"y"}}) {
    auto span = filter(std::nullopt, std::nullopt, sku);
    span.placed_after = at(3);
    span.placed_before = at(7);
    EXPECT_EQ(orders(span), sku ? (Numbers{4, 3}) : (Numbers{6, 5, 4, 3}));
    span.user_id = UserId{"a"};
    EXPECT_EQ(orders(span), sku ? Numbers{3} : (Numbers{5, 3}));
    span.status = OrderStatus::completed;
    EXPECT_EQ(orders(span), Numbers{3});
  }
}

TEST_P(OrderBookListsContract, pages_lose_nothing_among_orders_of_one_moment) {
  begin_generation();
  load("sku", 100);
  std::vector<Order> all;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    all.push_back(order(i));
    all.back().placed_at = at(i <= 3 ? 1 : 2);
  }
  settle(batch_of(all));
  for (const auto& sku : {std::optional<std::string>{}, std::optional<std::string>{"sku"}}) {
    for (const auto& user : {std::optional<std::string>{}, std::optional<std::string>{"u-1"}}) {
      const auto listed = orders(filter(user, std::nullopt, sku), 4);
      auto sorted = listed;
      std::sort(sorted.begin(), sorted.end());
      ASSERT_EQ(sorted.size(), 20U);
      for (std::uint64_t i = 0; i < 20; ++i) EXPECT_EQ(sorted[i], i + 1);
      for (std::size_t i = 17; i < 20; ++i) EXPECT_LE(listed[i], 3U);
    }
  }
}

TEST_P(OrderBookListsContract, an_order_settled_between_two_pages_disturbs_neither) {
  write_eight();
  const auto first = done(book_->list_orders({}, PageRequest{3, std::nullopt}));
  settle(order(9, {line("x", 1)}));
  const auto second = done(book_->list_orders({}, PageRequest{3, first.next_cursor}));
  EXPECT_EQ(second.items[0].order.id, order_id(5));
}

TEST_P(OrderBookListsContract, refunds_come_newest_first_by_order_and_status) {
  open();
  settle(batch_of({order(1), order(2)}));
  std::vector<Refund> of_first;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    of_first.push_back(refund(i, order_id(1)));
    if (i % 3 == 0) of_first.back().status = RefundStatus::void_;
    if (i >= 4) of_first.back().requested_at = at(4);
  }
  write_refunds(1, of_first);
  write_refunds(2, {refund(7, order_id(2))});
  EXPECT_EQ(refunds({}), (Numbers{7, 6, 5, 4, 3, 2, 1}));
  RefundFilter filter;
  filter.order_id = order_id(1);
  EXPECT_EQ(refunds(filter), (Numbers{6, 5, 4, 3, 2, 1}));
  filter.status = RefundStatus::void_;
  EXPECT_EQ(refunds(filter), (Numbers{6, 3}));
  filter.order_id.reset();
  filter.status = RefundStatus::waiting;
  EXPECT_EQ(refunds(filter), (Numbers{7, 5, 4, 2, 1}));
  const auto page = done(book_->list_refunds({}, PageRequest{50, std::nullopt}));
  EXPECT_EQ(page.items[6], of_first[0]);
  EXPECT_FALSE(done(book_->find_refund(refund_id(99))));
}

TEST_P(OrderBookListsContract, stock_is_listed_by_sku) {
  for (const auto* sku : {"b", "a", "B", "c:1", "a-1"}) load(sku, 5);
  std::vector<std::string> listed;
  PageRequest request{2, std::nullopt};
  do {
    const auto page = done(book_->list_stock(request));
    for (const auto& row : page.items) listed.push_back(row.sku.value);
    request.cursor = page.next_cursor;
  } while (request.cursor);
  EXPECT_EQ(listed, (std::vector<std::string>{"B", "a", "a-1", "b", "c:1"}));
  EXPECT_EQ(done(book_->all_stock()).size(), 5U);
}

TEST_P(OrderBookListsContract, a_skus_journal_comes_newest_first) {
  begin_generation();
  load("sku", 100);
  std::vector<Order> all;
  for (std::uint64_t i = 1; i <= 7; ++i) {
    all.push_back(order(8 - i));
    all.back().placed_at = at(i <= 3 ? 1 : 2);
  }
  settle(batch_of(all));
  std::vector<std::int64_t> ids;
  std::vector<Instant> times;
  std::int64_t sum = 0;
  PageRequest request{2, std::nullopt};
  do {
    const auto page = done(book_->list_stock_journal(Sku{"sku"}, request));
    for (const auto& row : page.items) {
      ids.push_back(row.id);
      times.push_back(row.movement.at);
      sum += row.movement.delta;
    }
    request.cursor = page.next_cursor;
  } while (request.cursor);
  EXPECT_EQ(sum, stock("sku").on_hand());
  EXPECT_TRUE(std::is_sorted(times.rbegin(), times.rend()));
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::unique(ids.begin(), ids.end()) - ids.begin(), 8);
  EXPECT_TRUE(done(book_->list_stock_journal(Sku{"none"}, PageRequest{})).items.empty());
}

TEST_P(OrderBookListsContract, points_are_shown_with_the_latest_movements) {
  open();
  for (std::uint64_t i = 1; i <= 5; ++i) settle(order(i));
  const auto row = done(book_->find_points(UserId{"u-1"}, 2));
  EXPECT_EQ(row.user_id.value, "u-1");
  EXPECT_EQ(row.balance, 50);
  ASSERT_EQ(row.movements.size(), 2U);
  EXPECT_EQ(row.movements[0].cause_id, order_id(5).to_string());
  EXPECT_EQ(row.movements[1].cause_id, order_id(4).to_string());
  const auto nobody = done(book_->find_points(UserId{"nobody"}, 2));
  EXPECT_EQ(nobody.user_id.value, "nobody");
  EXPECT_EQ(nobody.balance, 0);
  EXPECT_TRUE(nobody.movements.empty());
}

TEST_P(OrderBookListsContract, a_malformed_cursor_is_rejected) {
  write_eight();
  const auto of_orders = done(book_->list_orders({}, PageRequest{3, std::nullopt})).next_cursor;
  ASSERT_TRUE(of_orders);
  EXPECT_EQ(of_orders->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789-_"),
            std::string::npos);
  for (const std::string text : {"", "x", "!!!!", "b3h4", "bzF8eA", "AAAA", "%00"}) {
    expect_rejected(book_->list_orders({}, PageRequest{3, text}));
    expect_rejected(book_->list_refunds({}, PageRequest{3, text}));
    expect_rejected(book_->list_stock(PageRequest{3, text}));
    expect_rejected(book_->list_stock_journal(Sku{"x"}, PageRequest{3, text}));
    expect_rejected(book_->list_parked({}, PageRequest{3, text}));
  }
  expect_rejected(book_->list_refunds({}, PageRequest{3, of_orders}));
  expect_rejected(book_->list_orders({}, PageRequest{3, std::string(100'000, 'A')}));
}

}  // namespace holdfast::testing
