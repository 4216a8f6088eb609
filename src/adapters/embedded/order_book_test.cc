#include "adapters/embedded/order_book.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "adapters/embedded/order_book_sql.h"
#include "tests/contract/embedded_book_factory.h"

namespace holdfast::testing {
namespace {

namespace sql = embedded::book::sql;
using embedded::BookOptions;
using embedded::EmbeddedOrderBook;

/// The contract's words over a database of the test's own.
class EmbeddedBook : public OrderBookFixture {
 protected:
  void SetUp() override { begin(":memory:"); }
  void begin(const std::string& path, const BookOptions& options = {}) {
    book_.reset();
    database_.reset();
    database_.emplace(loop_.get_executor(), path);
    database_->run_now(embedded::prepare_book);
    book_ = attach(options);
  }
  std::unique_ptr<EmbeddedOrderBook> attach(const BookOptions& options = {}) {
    return std::make_unique<EmbeddedOrderBook>(*database_, clock_, options);
  }
  /// How SQLite would carry out `query`, one step a line.
  std::string plan_of(std::string_view query) {
    std::string plan;
    const std::string text = "explain query plan " + std::string(query);
    database_->run_now([&](sqlite::Session& session) {
      auto rows = session.query(text);
      while (rows.next()) plan += rows.get<std::string>(3) + "\n";
    });
    return plan;
  }

  NoonClock clock_;
  std::optional<sqlite::Database> database_;
};

TEST_F(EmbeddedBook, reads_by_index_what_grows_with_the_book) {
  struct Case {
    std::string_view query;
    const char* read_by;
  };
  for (const auto& [query, read_by] : {
           Case{sql::kFindOrder, "sqlite_autoindex_book_orders_1 (order_id=?)"},
           Case{sql::kListOrders,
                "book_orders_by_time (placed_at>? AND (placed_at,order_id)<(?,?))"},
           Case{sql::kListOrdersOfUser,
                "book_orders_by_user (user_id=? AND placed_at>? AND (placed_at,order_id)<"},
           Case{sql::kListOrdersByStatus,
                "book_orders_by_status (status=? AND placed_at>? AND (placed_at,order_id)<"},
           Case{sql::kListOrdersOfSku, "book_stock_journal_by_sku (sku=? AND at>? AND at<?)"},
           Case{sql::kDueOrders, "book_orders_by_next_check (next_check_at<?)"},
           Case{sql::kUnreleasedOrders, "book_orders_unreleased (placed_at<?)"},
           Case{sql::kRecentOrders, "book_orders_by_time (placed_at>?)"},
           Case{sql::kRefundsOfOrder, "book_refunds_by_order (order_id=?)"},
           Case{sql::kAnyWaitingRefund, "book_refunds_by_status (status=?)"},
           Case{sql::kWaitingRefunds, "book_refunds_by_order (order_id=?)"},
           Case{sql::kListRefunds, "book_refunds_by_time ((requested_at,refund_id)<(?,?))"},
           Case{sql::kListRefundsByStatus,
                "book_refunds_by_status (status=? AND (requested_at,refund_id)<(?,?))"},
           Case{sql::kListRefundsOfOrder,
                "book_refunds_by_order (order_id=? AND (requested_at,refund_id)<(?,?))"},
           Case{sql::kDueRefunds, "book_refunds_by_next_check (next_check_at<?)"},
           Case{sql::kUnreleasedRefunds, "book_refunds_unreleased (refunded_at<?)"},
           Case{sql::kListStockJournal, "book_stock_journal_by_sku (sku=? AND at<?)"},
           Case{sql::kOrdersOfSku, "book_stock_journal_by_sku (sku=?)"},
           Case{sql::kPendingLimitChanges, "book_stock_limit_pending (limit_pending_since<?)"},
           Case{sql::kPendingTaking, "book_stock_changes_pending (sku=?)"},
           Case{sql::kPendingStockChanges, "book_stock_changes_pending"},
           Case{sql::kFindPoints, "PRIMARY KEY (user_id=?)"},
           Case{sql::kListPoints, "PRIMARY KEY (user_id=?)"},
           Case{sql::kParkedOrder, "book_parked_by_order (order_id=?)"},
       }) {
    const auto plan = plan_of(query);
    EXPECT_NE(plan.find(read_by), std::string::npos) << query << "\n" << plan;
  }
}

TEST_F(EmbeddedBook, reads_pages_without_sorting_all_there_is) {
  for (const auto query : {sql::kListOrders, sql::kListOrdersOfUser, sql::kListOrdersByStatus,
                           sql::kListRefunds, sql::kListRefundsByStatus, sql::kListRefundsOfOrder,
                           sql::kListStockJournal, sql::kListPoints, sql::kListParked,
                           sql::kDueOrders, sql::kDueRefunds, sql::kPendingEvents}) {
    EXPECT_EQ(plan_of(query).find("TEMP B-TREE"), std::string::npos) << query;
  }
  // Only orders of one moment are sorted among themselves.
  EXPECT_NE(plan_of(sql::kListOrdersOfSku).find("RIGHT PART OF ORDER BY"), std::string::npos);
}

TEST_F(EmbeddedBook, counts_what_is_to_be_done_by_what_is_to_be_done) {
  const auto plan = plan_of(sql::kBacklog);
  EXPECT_EQ(plan.find("SCAN book_orders\n"), std::string::npos) << plan;
  EXPECT_EQ(plan.find("SCAN book_refunds\n"), std::string::npos) << plan;
  EXPECT_EQ(plan.find("by_time"), std::string::npos) << plan;
}

TEST_F(EmbeddedBook, refuses_bad_data_with_all_that_came_with_it) {
  open();
  const auto expect_refused = [this](void (*spoil)(Order&)) {
    auto bad = order(2);
    spoil(bad);
    expect_constraint(book_->settle(batch_of({order(1), bad})));
    EXPECT_FALSE(find(1));
    EXPECT_EQ(stock("sku").sold, 0);
  };
  expect_refused([](Order& order) { order.status = OrderStatus::accepted; });
  expect_refused([](Order& order) { order.amount = Money{-1}; });
  expect_refused([](Order& order) { order.refunded_amount = Money{-1}; });
  expect_refused([](Order& order) { order.reason = CancelReason::timed_out; });
  expect_refused([](Order& order) { order.fingerprint = "not hexadecimal!"; });
  expect_refused([](Order& order) { order.fingerprint = "abc"; });
  settle(order(1));
  expect_constraint(book_->update(refs({1}), [](const OrderAggregate& aggregate) {
    OrderChange change;
    change.order = completed(aggregate.order);
    change.refunds = {refund(1, aggregate.order.id)};
    change.refunds[0].amount = Money{-1};
    return change;
  }));
  EXPECT_EQ(find(1)->order, order(1));
  EXPECT_TRUE(find(1)->refunds.empty());
  expect_constraint(book_->begin_limit_change(Sku{"sku"}, -1));
}

TEST_F(EmbeddedBook, the_same_calls_make_the_same_book) {
  std::vector<std::vector<Event>> told(2);
  std::vector<std::vector<std::int64_t>> ids(2);
  for (std::size_t i = 0; i < 2; ++i) {
    begin(":memory:");
    open();
    load("scarce", 2);
    settle(order(1, {line("scarce", 1)}));
    settle(order(2, {line("scarce", 1), line("sku", 1)}));
    told[i] = done(book_->pending_events(10));
    for (const auto& row : journal("scarce")) ids[i].push_back(row.id);
  }
  ASSERT_EQ(told[0].size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(told[0][i].id, told[1][i].id);
    EXPECT_EQ(told[0][i].body, told[1][i].body);
  }
  EXPECT_NE(told[0][1].id, told[0][2].id);
  EXPECT_EQ(ids[0], ids[1]);
}

TEST_F(EmbeddedBook, a_sku_that_runs_out_again_is_another_event) {
  begin_generation();
  std::set<Uuid> seen;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    load("sku", 1);
    settle(order(i));
  }
  for (const auto& event : done(book_->pending_events(10))) seen.insert(event.id);
  EXPECT_EQ(seen.size(), 6U);
}

TEST_F(EmbeddedBook, without_a_source_there_are_no_stock_events) {
  BookOptions options;
  options.event_source.clear();
  begin(":memory:", options);
  open();
  settle(order(1, {line("sku", 1'000)}));
  EXPECT_TRUE(done(book_->pending_events(10)).empty());
}

TEST_F(EmbeddedBook, who_leads_and_is_gone_leads_no_more) {
  auto other = attach();
  EXPECT_TRUE(done(book_->try_leadership()));
  EXPECT_FALSE(done(other->try_leadership()));
  book_.reset();
  EXPECT_TRUE(done(other->try_leadership()));
}

TEST_F(EmbeddedBook, a_file_opened_again_has_what_was_written) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("holdfast_book_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto path = (folder / "book.db").string();
  begin(path);
  open();
  settle(order(1));
  write_refunds(1, {refund(1, order_id(1))});
  begin(path);
  EXPECT_EQ(find(1)->order, order(1));
  EXPECT_EQ(find(1)->refunds, std::vector<Refund>{refund(1, order_id(1))});
  EXPECT_EQ(stock("sku").sold, 1);
  EXPECT_EQ(done(book_->ledger_record())->generation, kGeneration);
  const auto again = settle(order(1));
  EXPECT_EQ(again.reports[0].outcome, SettleOutcome::already_settled);
  EXPECT_EQ(again.waiting.size(), 1U);
  book_.reset();
  database_.reset();
  std::filesystem::remove_all(folder);
}

using Calls = boost::asio::awaitable<bool>;

Calls write_first_order(OrderBook& book) {
  auto batch = OrderBookFixture::batch_of({OrderBookFixture::order(1)});
  batch[0].stock.clear();
  co_await book.begin_generation(OrderBookFixture::kGeneration, OrderBookFixture::kNoon, 0);
  const auto settled = co_await book.settle(std::move(batch));
  co_return settled.has_value();
}

constexpr std::int64_t kAdditions = 100;

OrderChange add_a_point(const OrderAggregate& aggregate) {
  OrderChange change;
  change.order = aggregate.order;
  change.order->points_earned += 1;
  return change;
}

Calls add_points(OrderBook& book) {
  for (int i = 0; i < kAdditions; ++i) {
    auto refs = OrderBookFixture::refs({1});
    const auto updated = co_await book.update(std::move(refs), add_a_point);
    if (!updated) co_return false;
  }
  co_return true;
}

/// Several loops, each a thread with a book of its own, over one database.
TEST(EmbeddedBooks, of_several_loops_share_one_book) {
  constexpr int kLoops = 3;
  WriterThread writer;
  NoonClock clock;
  sqlite::Database database(writer.executor(), ":memory:");
  database.run_now(embedded::prepare_book);
  const auto on_a_loop_of_its_own = [&](Calls (*calls)(OrderBook&)) {
    boost::asio::io_context loop{1};
    EmbeddedOrderBook book(database, clock, {});
    EXPECT_TRUE(run(loop, calls(book)));
    database.drain();
  };
  on_a_loop_of_its_own(write_first_order);
  std::vector<std::thread> threads;
  for (int i = 0; i < kLoops; ++i) threads.emplace_back(on_a_loop_of_its_own, add_points);
  for (auto& thread : threads) thread.join();
  boost::asio::io_context loop{1};
  EmbeddedOrderBook book(database, clock, {});
  const auto found = run(loop, book.find_order(OrderBookFixture::order_id(1)));
  database.drain();
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->order.points_earned,
            OrderBookFixture::order(1).points_earned + kLoops * kAdditions);
}

}  // namespace
}  // namespace holdfast::testing
