#include <boost/asio/executor_work_guard.hpp>
#include <thread>

#include "adapters/sqlite/database_for_test.h"

namespace holdfast::sqlite::testing {
namespace {

class DatabaseTest : public DatabaseFixture {
 public:
  DatabaseTest() { database_.run_now(make_table); }

  Database database_{loop_.get_executor(), ":memory:"};
};

// --- groups --------------------------------------------------------------------------------------

TEST_F(DatabaseTest, JobsThatGatherAreOneTransaction) {
  const Folder folder;
  const auto path = folder.file("group.db");
  Database database(loop_.get_executor(), path);
  database.run_now(make_table);
  const auto before = commits_in(contents(path + "-wal"));
  const auto results = at_once(database, {noting(1), noting(2), noting(3)});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(results[i].value(), static_cast<int>(i) + 1);
  EXPECT_EQ(commits_in(contents(path + "-wal")), before + 1);
  EXPECT_EQ(one(database, noting(4)).value(), 4);
  EXPECT_EQ(commits_in(contents(path + "-wal")), before + 2);
  EXPECT_EQ(found(database), (Numbers{1, 2, 3, 4}));
}

TEST_F(DatabaseTest, JobsRunInTheOrderOfTheirCalls) {
  Numbers order;
  std::vector<Work> works;
  Numbers expected;
  for (std::int64_t i = 0; i < 3'000; ++i) {  // more than one group
    expected.push_back(i);
    works.emplace_back([&order, i](Session& session) {
      order.push_back(i);
      return note(session, i);
    });
  }
  at_once(database_, std::move(works));
  EXPECT_EQ(order, expected);
  EXPECT_EQ(found(database_), expected);
}

TEST_F(DatabaseTest, AJobThatFailsIsUndoneAlone) {
  const Work fails = [](Session& session) -> std::int64_t {
    note(session, 20);
    return note(session, 1);  // is there
  };
  const Work refuses = [](Session& session) -> std::int64_t {
    note(session, 30);
    reject("not this one");
  };
  const auto results = at_once(database_, {noting(1), fails, refuses, noting(4)});
  EXPECT_EQ(results[0].value(), 1);
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().kind, PortErrorKind::constraint);
  EXPECT_EQ(results[1].error().effect, Effect::none);
  ASSERT_FALSE(results[2]);
  EXPECT_EQ(results[2].error().kind, PortErrorKind::rejected);
  EXPECT_EQ(results[2].error().effect, Effect::none);
  EXPECT_EQ(results[2].error().detail, "not this one");
  EXPECT_EQ(results[3].value(), 4);
  EXPECT_EQ(found(database_), (Numbers{1, 4}));
}

TEST_F(DatabaseTest, WhatGivesUpTheTransactionFailsItsGroupWithoutEffect) {
  const Work gives_up = [](Session& session) {
    return session.run("insert or rollback into noted values (1)");
  };
  const auto results = at_once(database_, {noting(1), gives_up, noting(3)});
  for (const auto& result : results) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().effect, Effect::none);
  }
  EXPECT_EQ(results[0].error().kind, PortErrorKind::unavailable);
  EXPECT_EQ(results[1].error().kind, PortErrorKind::constraint);
  EXPECT_TRUE(found(database_).empty());
  EXPECT_EQ(one(database_, noting(5)).value(), 5);
}

TEST_F(DatabaseTest, AFailedCommitIsUnknownToAllButThoseThatFailedBefore) {
  database_.run_now([](Session& session) {
    session.script(
        "create table child (n integer references noted (n) deferrable initially deferred) strict");
  });
  const Work broken_at_commit = [](Session& session) {
    return session.run("insert into child values (99)");
  };
  const Work refuses = [](Session&) -> std::int64_t { reject("no"); };
  const auto results = at_once(database_, {noting(1), broken_at_commit, refuses});
  for (const std::size_t i : {0U, 1U}) {
    ASSERT_FALSE(results[i]);
    EXPECT_EQ(results[i].error().effect, Effect::unknown);
  }
  ASSERT_FALSE(results[2]);
  EXPECT_EQ(results[2].error().effect, Effect::none);
  EXPECT_EQ(results[2].error().detail, "no");

  EXPECT_TRUE(found(database_).empty());
  EXPECT_EQ(one(database_, noting(2)).value(), 2);
  EXPECT_EQ(found(database_), (Numbers{2}));
}

// --- threads -------------------------------------------------------------------------------------

TEST_F(DatabaseTest, DrainWaitsUntilEveryJobIsResumed) {
  boost::asio::io_context writing{1};
  auto work = boost::asio::make_work_guard(writing);
  Database database(writing.get_executor(), ":memory:");
  database.run_now(make_table);
  constexpr int kJobs = 2'000;
  int resumed = 0;
  for (int i = 0; i < kJobs; ++i) {
    boost::asio::co_spawn(loop_, database.perform<std::int64_t>(noting(i)),
                          [&](std::exception_ptr, const PortResult<std::int64_t>& result) {
                            if (result) ++resumed;
                          });
  }
  loop_.poll();  // submits
  std::thread writer([&] { writing.run(); });
  database.drain();
  loop_.poll();  // nothing else is to come
  EXPECT_EQ(resumed, kJobs);
  work.reset();
  writer.join();
}

TEST_F(DatabaseTest, ManyLoopsShareOneWriter) {
  boost::asio::io_context writing{1};
  auto work = boost::asio::make_work_guard(writing);
  Database database(writing.get_executor(), ":memory:");
  database.run_now(make_table);
  std::thread writer([&] { writing.run(); });
  constexpr std::int64_t kEach = 300;
  std::vector<std::thread> callers;
  for (std::int64_t caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&database, caller] {
      boost::asio::io_context loop{1};
      for (std::int64_t i = 0; i < kEach; ++i) {
        auto call = database.perform<std::int64_t>(noting(caller * kEach + i));
        EXPECT_TRUE(holdfast::testing::run(loop, std::move(call)));
      }
      database.drain();
    });
  }
  for (auto& caller : callers) caller.join();
  work.reset();
  writer.join();
  EXPECT_EQ(found(database).size(), static_cast<std::size_t>(3 * kEach));
}

TEST_F(DatabaseTest, JobsThatWaitGoWithTheDatabase) {
  bool ran = false;
  auto database = std::make_unique<Database>(loop_.get_executor(), ":memory:");
  const Work work = [&ran](Session&) -> std::int64_t {
    ran = true;
    return 0;
  };
  boost::asio::co_spawn(loop_, database->perform<std::int64_t>(work),
                        [](std::exception_ptr, PortResult<std::int64_t>) { FAIL(); });
  loop_.run_one();  // submits
  database.reset();
  loop_.poll();
  EXPECT_FALSE(ran);
}

// --- run_now and migrations ----------------------------------------------------------------------

TEST_F(DatabaseTest, RunNowUndoesWhatThrows) {
  EXPECT_THROW(database_.run_now([](Session& session) {
    note(session, 1);
    reject("no");
  }),
               Failure);
  EXPECT_TRUE(found(database_).empty());
}

constexpr std::string_view kFirst = "create table first (n integer) strict";
constexpr std::string_view kSecond =
    "create table second (n integer) strict; insert into second values (7)";

void migrate_to(Database& database, std::string_view part, std::vector<std::string_view> steps) {
  database.run_now([&](Session& session) { migrate(session, part, steps); });
}

TEST_F(DatabaseTest, EachMigrationRunsOnce) {
  migrate_to(database_, "shop", {kFirst});
  migrate_to(database_, "shop", {kFirst});
  migrate_to(database_, "shop", {kFirst, kSecond});
  migrate_to(database_, "shop", {kFirst, kSecond});
  database_.run_now([](Session& session) {
    EXPECT_EQ(session.first<int>("select count(*) from first"), 0);
    EXPECT_EQ(session.first<int>("select count(*) from second"), 1);
  });
}

TEST_F(DatabaseTest, PartsAreMigratedApart) {
  migrate_to(database_, "shop", {kFirst});
  migrate_to(database_, "other", {kSecond});
  database_.run_now([](Session& session) {
    EXPECT_EQ(session.first<int>("select version from schema where part = 'other'"), 1);
  });
}

TEST_F(DatabaseTest, AMigrationThatFailsLeavesNothing) {
  EXPECT_THROW(migrate_to(database_, "shop", {kFirst, "create table first (n integer)"}), Failure);
  migrate_to(database_, "shop", {kFirst, kSecond});
}

TEST_F(DatabaseTest, DataOfANewerVersionIsRefused) {
  migrate_to(database_, "shop", {kFirst, kSecond});
  try {
    migrate_to(database_, "shop", {kFirst});
    FAIL() << "opened";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind, PortErrorKind::rejected);
    EXPECT_NE(failure.detail.find("newer version"), std::string::npos) << failure.detail;
  }
}

}  // namespace
}  // namespace holdfast::sqlite::testing
