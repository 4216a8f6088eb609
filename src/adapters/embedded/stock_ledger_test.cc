#include "adapters/embedded/stock_ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <thread>

#include "adapters/embedded/stock_ledger_sql.h"
#include "tests/contract/stock_ledger_fixture.h"
#include "tests/support/temporary_directory.h"

// What only the embedded ledger has: retention by a clock, ids by a counter, a file that is opened
// again, loops that share a database.

namespace holdfast::embedded {
namespace {

using holdfast::testing::StockLedgerFixture;

/// Stands where a test puts it.
class LedgerClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  boost::asio::awaitable<void> sleep(Milliseconds) override { co_return; }
  void pass(Milliseconds time) { now_ += time; }

 private:
  Instant now_ = StockLedgerFixture::kNoon;
};

class EmbeddedLedger : public StockLedgerFixture {
 public:
  EmbeddedLedger() { start(":memory:"); }
  ~EmbeddedLedger() override { ledger_.reset(); }

  void start(const std::string& path) {
    ledger_.reset();
    database_.reset();
    database_ = std::make_unique<sqlite::Database>(loop_.get_executor(), path);
    database_->run_now(prepare_ledger);
    ledger_ = another();
  }
  std::unique_ptr<StockLedger> another() {
    return std::make_unique<EmbeddedStockLedger>(loop_.get_executor(), *database_, clock_);
  }
  std::int64_t count(std::string_view query) {
    std::int64_t rows = -1;
    database_->run_now(
        [&](sqlite::Session& session) { rows = session.first<std::int64_t>(query).value_or(-1); });
    return rows;
  }
  std::int64_t journal_rows() { return count("select count(*) from ledger_journal"); }
  std::string plan_of(std::string_view query) {
    std::string plan;
    database_->run_now([&](sqlite::Session& session) {
      auto rows = session.query("explain query plan " + std::string(query));
      while (rows.next()) plan += rows.get<std::string>(3) + "\n";
    });
    return plan;
  }

  /// Reserves and settles order `number`.
  void sell(std::uint64_t number, Milliseconds retention = kHour) {
    ASSERT_EQ(outcome(request(number, {units("A", 1)})), ReserveOutcome::reserved);
    auto settled = mark(number, {units("A", 1)});
    settled.retention = retention;
    settle({settled});
  }

  LedgerClock clock_;
  std::unique_ptr<sqlite::Database> database_;
};

// --- retention -----------------------------------------------------------------------------------

TEST_F(EmbeddedLedger, SettledEntryAnswersUntilItsTimeIsUp) {
  open({sku("A", 10)});
  sell(1);
  clock_.pass(kHour - Milliseconds{1});
  EXPECT_TRUE(journal(1));
  EXPECT_EQ(outcome(request(1, {units("A", 1)})), ReserveOutcome::replayed);
  clock_.pass(Milliseconds{1});
  EXPECT_FALSE(journal(1));
  EXPECT_EQ(journal_rows(), 1);  // as good as gone
  settle({mark(1, {units("A", 1)})});
  EXPECT_EQ(reserved("A"), 0);
  EXPECT_EQ(journal_rows(), 0);
}

TEST_F(EmbeddedLedger, OrderOfAnExpiredEntryIsReservedAnew) {
  open({sku("A", 10)});
  sell(1);
  clock_.pass(kHour);
  auto anew = request(1, {units("A", 2)});
  anew.fingerprint = fingerprint('b');
  anew.reservation_id = reservation(9);
  EXPECT_EQ(outcome(anew), ReserveOutcome::reserved);
  EXPECT_EQ(journal(1)->reservation_id, reservation(9));
  EXPECT_FALSE(journal(1)->settled);
  EXPECT_EQ(state().unsettled, 1);
  EXPECT_EQ(available("A"), 7);
  EXPECT_EQ(journal_rows(), 1);
}

TEST_F(EmbeddedLedger, UnsettledEntryNeverExpires) {
  open({sku("A", 10)});
  ASSERT_EQ(outcome(request(1, {units("A", 1)})), ReserveOutcome::reserved);
  clock_.pass(24 * 365 * kHour);
  ASSERT_EQ(unsettled().size(), 1U);
  EXPECT_EQ(outcome(request(1, {units("A", 1)})), ReserveOutcome::replayed);
}

TEST_F(EmbeddedLedger, ReleasedEntryExpiresAsASettledOneDoes) {
  open({sku("A", 10)});
  ASSERT_EQ(outcome(request(1, {units("A", 1)})), ReserveOutcome::reserved);
  ASSERT_EQ(give_back(release("c-1", 1, 1, {units("A", 1)})), ChangeOutcome::applied);
  clock_.pass(kHour);
  EXPECT_FALSE(journal(1));
  EXPECT_EQ(outcome(request(1, {units("A", 1)})), ReserveOutcome::reserved);
}

TEST_F(EmbeddedLedger, ExpiredEntriesGoInBoundedNumberAsCallsPass) {
  constexpr std::int64_t kMany = 300;
  open({sku("A", 1'000)});
  for (std::uint64_t i = 0; i < kMany; ++i) sell(i);
  clock_.pass(kHour);
  EXPECT_EQ(journal_rows(), kMany);
  settle({});
  const auto once = kMany - journal_rows();
  EXPECT_GT(once, 0);
  EXPECT_LT(once, kMany);
  std::vector<SettleMark> marks(100, mark(999, {}));
  settle(marks);
  EXPECT_GE(kMany - journal_rows() - once, 100);  // more than a batch lets expire in its turn
  for (int sweeps = 0; sweeps < 10; ++sweeps) unsettled();
  EXPECT_EQ(journal_rows(), 0);
}

TEST_F(EmbeddedLedger, ChangesAreRememberedForAWeek) {
  open({sku("A", 10)});
  ASSERT_EQ(adjust(adjustment("c-1", "A", 1)), ChangeOutcome::applied);
  clock_.pass(7 * 24 * kHour - Milliseconds{1});
  EXPECT_EQ(adjust(adjustment("c-1", "A", 1)), ChangeOutcome::already_applied);
  clock_.pass(Milliseconds{1});
  EXPECT_TRUE(done(ledger_->find_applied({ChangeId{"c-1"}})).empty());
  ASSERT_EQ(adjust(adjustment("c-2", "A", 1)), ChangeOutcome::applied);
  EXPECT_EQ(count("select count(*) from ledger_applied"), 1);
  EXPECT_EQ(adjust(adjustment("c-1", "A", 1)), ChangeOutcome::applied);
}

TEST_F(EmbeddedLedger, RestoredJournalExpires) {
  RebuiltLedger rebuilt;
  rebuilt.generation = kGeneration;
  rebuilt.skus = {sku("A", 10)};
  rebuilt.journal_retention = kHour;
  JournalEntry entry;
  entry.order_id = order(1);
  entry.reservation_id = reservation(1);
  entry.fingerprint = fingerprint('a');
  rebuilt.journal = {entry};
  rebuild(std::move(rebuilt));
  EXPECT_TRUE(journal(1)->settled);
  clock_.pass(kHour);
  EXPECT_FALSE(journal(1));
}

// --- outbox --------------------------------------------------------------------------------------

TEST_F(EmbeddedLedger, OutboxIdsAreOfTheRequestsTimeAndRise) {
  open({sku("A", 10)});
  const auto ms = [](std::int64_t after) {
    return std::to_string((kNoon + Milliseconds{after}).time_since_epoch().count());
  };
  EXPECT_EQ(reserve(request(5, {units("A", 1)})).outbox_id, ms(5) + "-0");
  EXPECT_EQ(reserve(request(4, {units("A", 1)})).outbox_id, ms(5) + "-1");
  EXPECT_EQ(reserve(request(6, {units("A", 1)})).outbox_id, ms(6) + "-0");
  EXPECT_EQ(state().oldest_outbox_at, kNoon + Milliseconds{5});
}

TEST_F(EmbeddedLedger, WhatIsNoOutboxIdIsRejectedWithoutEffect) {
  open({sku("A", 10)});
  const auto id = reserve(request(1, {units("A", 1)})).outbox_id;
  const auto deleted = holdfast::testing::run(loop_, ledger_->delete_outbox({id, "nonsense"}));
  ASSERT_FALSE(deleted);
  EXPECT_EQ(deleted.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(deleted.error().effect, Effect::none);
  EXPECT_EQ(outbox().size(), 1U);
  EXPECT_EQ(state().outbox_length, 1);
  const auto read = holdfast::testing::run(loop_, ledger_->read_outbox("1", kFarFuture, 1));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, PortErrorKind::rejected);
}

// --- connection ----------------------------------------------------------------------------------

TEST_F(EmbeddedLedger, ListenerHearsOnceFromTheLoop) {
  std::vector<bool> heard;
  EXPECT_TRUE(ledger_->connected());
  ledger_->on_connection([&](bool connected) { heard.push_back(connected); });
  EXPECT_TRUE(heard.empty());
  loop_.restart();
  loop_.poll();
  EXPECT_EQ(heard, (std::vector<bool>{true}));
  open({sku("A", 10)});
  EXPECT_EQ(heard.size(), 1U);
}

TEST_F(EmbeddedLedger, ListenerOfALedgerThatHasGoneHearsNothing) {
  auto passing = another();
  passing->on_connection([](bool) { FAIL(); });
  passing.reset();
  loop_.restart();
  loop_.poll();
}

TEST_F(EmbeddedLedger, CallsInFlightEndThoughTheLedgerHasGone) {
  open({sku("A", 10)});
  auto passing = another();
  auto call = passing->reserve(request(1, {units("A", 1)}));
  passing.reset();
  EXPECT_EQ(done(std::move(call)).outcome, ReserveOutcome::reserved);
}

// --- statements ----------------------------------------------------------------------------------

TEST_F(EmbeddedLedger, NothingThatGrowsIsScanned) {
  namespace sql = ledger::sql;
  for (const auto query :
       {sql::kReserveHead, sql::kFindJournal, sql::kReadUnsettled, sql::kSettleReservation,
        sql::kDeleteExpiredJournal, sql::kReadOutbox, sql::kDeleteOutbox, sql::kIsApplied,
        sql::kDeleteExpiredApplied, sql::kUnitsBought, sql::kState}) {
    const auto plan = plan_of(query);
    EXPECT_NE(plan.find("SEARCH "), std::string::npos) << query << "\n" << plan;
    EXPECT_EQ(plan.find("B-TREE"), std::string::npos) << query << "\n" << plan;
    for (const auto* table : {"journal", "outbox", "applied", "bought"}) {
      EXPECT_EQ(plan.find(std::string("SCAN ledger_") + table), std::string::npos) << query << "\n"
                                                                                   << plan;
    }
  }
}

// --- restarts and threads ------------------------------------------------------------------------

TEST_F(EmbeddedLedger, ARestartKeepsEverything) {
  const testing::TemporaryDirectory folder;
  const auto path = folder.file("holdfast.db");
  start(path);
  open({sku("A", 10, 5)});
  const auto first = reserve(request(1, {units("A", 3)})).outbox_id;
  const auto second = reserve(request(2, {units("A", 1)})).outbox_id;
  settle({mark(1, {units("A", 3)})});
  done(ledger_->delete_outbox({first, second}));

  start(path);
  EXPECT_EQ(state().generation, kGeneration);
  EXPECT_EQ(state().last_outbox_id, second);
  EXPECT_EQ(state().outbox_length, 0);
  EXPECT_EQ(state().unsettled, 1);
  EXPECT_EQ(available("A"), 6);
  EXPECT_EQ(reserved("A"), 1);
  EXPECT_EQ(outcome(request(1, {units("A", 3)})), ReserveOutcome::replayed);
  EXPECT_EQ(reserve(request(3, {units("A", 2)})).limit->bought.units, 4);
  auto earlier = request(4, {units("A", 1)});
  earlier.at = kNoon - kHour;  // a clock that was set back
  EXPECT_TRUE(outbox_id_less(second, reserve(earlier).outbox_id));

  start(path);
  EXPECT_EQ(outbox().size(), 1U);
  done(ledger_->close());
  start(path);
  EXPECT_FALSE(state().generation);
  EXPECT_EQ(outcome(request(5, {units("A", 1)})), ReserveOutcome::closed);
}

/// Sells as much of A as there is, from a loop of its own. Returns how many orders were reserved.
std::int64_t buy_all(sqlite::Database& database, std::uint64_t first_order) {
  boost::asio::io_context loop{1};
  LedgerClock clock;
  EmbeddedStockLedger ledger(loop.get_executor(), database, clock);
  std::int64_t sold = 0;
  for (auto number = first_order;; ++number) {
    auto request = StockLedgerFixture::request(number, {StockLedgerFixture::units("A", 1)});
    const auto result = holdfast::testing::run(loop, ledger.reserve(std::move(request)));
    if (!result || result->outcome != ReserveOutcome::reserved) break;
    ++sold;
    auto mark = StockLedgerFixture::mark(number, {StockLedgerFixture::units("A", 1)});
    std::vector<SettleMark> marks{std::move(mark)};
    EXPECT_TRUE(holdfast::testing::run(loop, ledger.settle(std::move(marks))));
  }
  database.drain();
  return sold;
}

TEST_F(EmbeddedLedger, LoopsOnThreadsOfTheirOwnOversellNothing) {
  open({sku("A", 500)});
  boost::asio::io_context writing{1};
  auto work = boost::asio::make_work_guard(writing);
  const testing::TemporaryDirectory folder;
  sqlite::Database shared(writing.get_executor(), folder.file("holdfast.db"));
  shared.run_now(prepare_ledger);
  std::thread writer([&] { writing.run(); });
  LedgerClock clock;
  ledger_ = std::make_unique<EmbeddedStockLedger>(loop_.get_executor(), shared, clock);
  open({sku("A", 500)});

  std::atomic<std::int64_t> sold{0};
  std::vector<std::thread> buyers;
  for (std::uint64_t buyer = 1; buyer <= 3; ++buyer) {
    buyers.emplace_back([&, buyer] { sold += buy_all(shared, buyer * 100'000); });
  }
  for (auto& buyer : buyers) buyer.join();
  EXPECT_EQ(sold, 500);
  EXPECT_EQ(available("A"), 0);
  EXPECT_EQ(reserved("A"), 0);
  EXPECT_EQ(state().unsettled, 0);
  EXPECT_EQ(outbox().size(), 500U);

  ledger_.reset();
  shared.drain();
  work.reset();
  writer.join();
}

}  // namespace
}  // namespace holdfast::embedded
