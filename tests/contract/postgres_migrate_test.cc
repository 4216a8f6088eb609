#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
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

TEST(PostgresMigrate, a_server_that_is_not_there_is_an_error) {
  const auto report = migrate("postgresql://holdfast@127.0.0.1:1/none");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error(), HasSubstr("cannot connect"));
}

}  // namespace
}  // namespace holdfast::testing
