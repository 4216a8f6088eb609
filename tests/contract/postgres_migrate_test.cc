#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "adapters/postgres/migrate.h"
#include "tests/contract/postgres_server.h"

namespace holdfast::testing {
namespace {

using postgres::migrate;
using postgres::Migration;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Migration kFirst{"0001_a.sql", "create table a (n int); insert into a values (1);"};
constexpr Migration kSecond{"0002_b.sql", "create table b (n int);"};

TEST(PostgresMigrate, the_built_in_migrations_apply_once) {
  const ScratchDatabase database;
  const auto first = migrate(database.url());
  ASSERT_TRUE(first) << first.error();
  EXPECT_FALSE(first->applied.empty());
  EXPECT_EQ(first->already_applied, 0U);
  const auto second = migrate(database.url());
  ASSERT_TRUE(second) << second.error();
  EXPECT_TRUE(second->applied.empty());
  EXPECT_EQ(second->already_applied, first->applied.size());
}

TEST(PostgresMigrate, only_what_is_new_is_applied) {
  const ScratchDatabase database;
  ASSERT_TRUE(migrate(database.url(), std::array{kFirst}));
  const auto report = migrate(database.url(), std::array{kFirst, kSecond});
  ASSERT_TRUE(report) << report.error();
  EXPECT_THAT(report->applied, ElementsAre("0002_b.sql"));
  EXPECT_EQ(run_sql(database.url(), "select count(*) from a"), "1");
}

TEST(PostgresMigrate, an_altered_migration_is_an_error_that_says_so) {
  const ScratchDatabase database;
  ASSERT_TRUE(migrate(database.url(), std::array{kFirst}));
  const Migration altered{"0001_a.sql", "create table a (n bigint);"};
  const auto report = migrate(database.url(), std::array{altered, kSecond});
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error(), HasSubstr("0001_a.sql was altered"));
  EXPECT_EQ(run_sql(database.url(), "select to_regclass('b') is null"), "t");
}

TEST(PostgresMigrate, a_book_of_a_newer_version_is_refused) {
  const ScratchDatabase database;
  ASSERT_TRUE(migrate(database.url(), std::array{kFirst, kSecond}));
  const auto report = migrate(database.url(), std::array{kFirst});
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error(), HasSubstr("0002_b.sql"));
}

TEST(PostgresMigrate, a_failing_migration_leaves_nothing_of_itself) {
  const ScratchDatabase database;
  const Migration failing{"0002_b.sql", "create table b (n int); select 1 / 0;"};
  const auto report = migrate(database.url(), std::array{kFirst, failing});
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error(), HasSubstr("0002_b.sql failed"));
  EXPECT_THAT(report.error(), HasSubstr("division by zero"));
  EXPECT_THAT(report.error(), HasSubstr("applied before: 0001_a.sql"));
  EXPECT_EQ(run_sql(database.url(), "select to_regclass('b') is null"), "t");
  const auto mended = migrate(database.url(), std::array{kFirst, kSecond});
  ASSERT_TRUE(mended) << mended.error();
  EXPECT_THAT(mended->applied, ElementsAre("0002_b.sql"));
}

TEST(PostgresMigrate, several_at_once_apply_each_migration_once) {
  const ScratchDatabase database;
  std::vector<std::thread> threads;
  std::atomic<std::size_t> applied = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto report = migrate(database.url(), std::array{kFirst, kSecond});
      if (report) applied += report->applied.size();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(applied, 2U);
}

/// A migration as it was released.
std::string released(const std::string& name) {
  std::ifstream file(std::string(HOLDFAST_SOURCE_DIR) + "/src/adapters/postgres/migrations/" +
                     name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// One order and one refund as the first version of the book wrote them.
constexpr auto kFirstVersionRows = R"(
  insert into orders values (
    'aa000000-0000-0000-0000-000000000001', 'bb000000-0000-0000-0000-000000000001',
    '\x0f', 'u-1', 'CNY', '[{"sku":"sku","quantity":1,"unit_price":1000}]', 'default',
    '0123456789ab', null, 1000, 0, 'completed', null, null,
    '[{"name":"stock","kind":"stock","status":"done","attempts":0,
       "updated_at":"2023-11-14T22:13:20.123Z"}]', 10, '2023-11-14T22:13:20.123Z',
    '2023-11-14T22:13:21.123Z');
  insert into orders select 'aa000000-0000-0000-0000-000000000002', reservation_id, fingerprint,
    user_id, currency, lines, plan, plan_version, attributes, amount, refunded_amount, 'cancelled',
    'stock_mismatch', null, steps, 0, placed_at, null from orders;
  insert into refunds values (
    'cc000000-0000-0000-0000-000000000001', 'aa000000-0000-0000-0000-000000000001', '\x0f',
    'refunded', 1000, '[{"sku":"sku","quantity":1,"restock":true}]', true, 'wait', null, null, 0,
    null, '[{"name":"stock","status":"done","attempts":0,
             "updated_at":"2023-11-14T22:13:20.123Z"}]', false, '2023-11-14T22:13:22.123Z',
    '2023-11-14T22:13:23.123Z');
  insert into stock values ('sku', 5, 1, 0, null, null);
  insert into ledger_state values (true, 'generation-1');)";

TEST(PostgresMigrate, a_book_of_the_first_version_keeps_its_data_and_works_on) {
  const ScratchDatabase database;
  const auto first = released("0001_book.sql");
  ASSERT_TRUE(migrate(database.url(), std::array{Migration{"0001_book.sql", first}}));
  run_sql(database.url(), kFirstVersionRows);
  const auto report = migrate(database.url());
  ASSERT_TRUE(report) << report.error();
  EXPECT_EQ(report->already_applied, 1U);
  EXPECT_EQ(report->applied.front(), "0002_steps.sql");

  boost::asio::io_context loop{1};
  PostgresOptions options;
  options.url = database.url();
  const auto book = PostgresBookFactory::attach(loop, std::move(options));
  const auto id = OrderBookFixture::order_id(1);
  const auto found = run(loop, book->find_order(id));
  ASSERT_TRUE(found && *found);
  const auto& order = (*found)->order;
  EXPECT_EQ(order.status, OrderStatus::completed);
  EXPECT_EQ(order.steps.at(0).status, StepStatus::done);
  EXPECT_TRUE(order.stock_released);
  EXPECT_FALSE(order.next_check_at);
  EXPECT_FALSE(order.preempted_by);
  EXPECT_FALSE((*found)->refunds.at(0).stock_released);
  EXPECT_TRUE(run(loop, book->due_orders(OrderBookFixture::kFarFuture, 10))->empty());
  EXPECT_TRUE(run(loop, book->unreleased_orders(OrderBookFixture::kFarFuture, 10))->empty());
  const auto unreleased = run(loop, book->unreleased_refunds(OrderBookFixture::kFarFuture, 10));
  EXPECT_EQ(unreleased->size(), 1U);
  // What is sold from here on is told.
  auto last = OrderBookFixture::order(3, {OrderBookFixture::line("sku", 4)});
  const auto settled = run(loop, book->settle(OrderBookFixture::batch_of({last})));
  ASSERT_TRUE(settled) << settled.error().detail;
  EXPECT_EQ(run(loop, book->pending_events(10))->at(0).type, "stock.sold_out");
}

TEST(PostgresMigrate, a_server_that_is_not_there_is_an_error) {
  const auto report = migrate("postgresql://holdfast@127.0.0.1:1/none");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error(), HasSubstr("cannot connect"));
}

}  // namespace
}  // namespace holdfast::testing
