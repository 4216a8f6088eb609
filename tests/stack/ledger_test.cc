#include <boost/asio/co_spawn.hpp>

#include "domain/change_ids.h"
#include "tests/stack/flow_fixture.h"

// The ledger against the book: the guard, the rebuild, the shop's changes, the reconciliation.

namespace holdfast::testing {
namespace {

using ::testing::HasSubstr;

class LedgerTest : public FlowTest {
 protected:
  using Limit = std::optional<std::int64_t>;

  void verify() { step(process_->guard.verify()); }
  [[nodiscard]] bool is_open() const { return process_->guard.generation().has_value(); }
  [[nodiscard]] bool needs_rebuild() const { return process_->guard.needs_rebuild(); }
  [[nodiscard]] std::string why() const { return process_->guard.closed_because(); }
  void sweep() { step(process_->sweep.sweep_once()); }
  /// The sweep, at a time at which it takes what was left unfinished.
  void sweep_later() {
    clock_.advance(std::chrono::minutes(1));
    sweep();
  }
  /// A refund of this many units that is in the book, the process having died before the ledger.
  void refund_and_die(OrderId order_id, const std::string& sku, std::int64_t units) {
    RefundRequest request;
    request.lines = {{Sku{sku}, Quantity{units}, true}};
    flows::RefundCommand command{order_id, RefundId{process_->ids.next()}, std::move(request)};
    done(process_->refunds.request(std::move(command)));
    faults().next("ledger.give_back", Fault::crash_before);
    dies(process_->refund_worker.handle(take(queues::refunds, 1)));
    crash();
  }
  flows::AdjustStock adjustment(const std::string& id, const std::string& sku, std::int64_t delta) {
    flows::AdjustStock command;
    command.sku = Sku{sku};
    command.adjustment_id = id;
    command.delta = delta;
    return command;
  }
  flows::StockDeskOutcome adjust(const std::string& id, const std::string& sku,
                                 std::int64_t delta) {
    return done(process_->desk.adjust(adjustment(id, sku, delta))).outcome;
  }
  boost::asio::awaitable<void> adjust_quietly(flows::AdjustStock command) {
    static_cast<void>(co_await process_->desk.adjust(std::move(command)));
  }
  boost::asio::awaitable<void> set_quietly(flows::SetStock command) {
    static_cast<void>(co_await process_->desk.set(std::move(command)));
  }
  void adjust_and_die(const std::string& id, const std::string& sku, std::int64_t delta,
                      Fault fault) {
    faults().next("ledger.adjust", fault);
    dies(adjust_quietly(adjustment(id, sku, delta)));
    crash();
  }
  std::string ask_redis(const std::string& word, const std::string& key) {
    return stores_.ask_redis({word, stores_.redis_key(key)});
  }
};

// --- The guard ---

TEST_F(LedgerTest, IsClosedUntilItWasBuiltFromTheBook) {
  EXPECT_FALSE(is_open());
  EXPECT_TRUE(needs_rebuild());
  EXPECT_EQ(try_place("u-1", {{"A", 1}}).outcome, flows::PlaceOutcome::rebuilding);
  sweep();
  EXPECT_TRUE(is_open()) << why();
}

TEST_F(LedgerTest, WithoutATokenIsClosedAndRebuiltByTheSweep) {
  open_shop({{"A", 10}});
  ask_redis("DEL", "generation");
  EXPECT_EQ(try_place("u-1", {{"A", 1}}).outcome, flows::PlaceOutcome::rebuilding);
  EXPECT_FALSE(is_open());
  verify();
  EXPECT_TRUE(needs_rebuild());
  EXPECT_THAT(why(), HasSubstr("no generation token"));
  sweep();
  EXPECT_TRUE(is_open()) << why();
  place_and_settle("u-1", {{"A", 1}});
  expect_at_rest();
}

TEST_F(LedgerTest, OfAnotherGenerationIsClosed) {
  open_shop({{"A", 10}});
  stores_.ask_redis({"SET", stores_.redis_key("generation"), "another"});
  verify();
  EXPECT_FALSE(is_open());
  EXPECT_TRUE(needs_rebuild());
}

TEST_F(LedgerTest, WithLessThanTheBookHasSeenIsClosed) {
  open_shop({{"A", 10}});
  place_and_settle("u-1", {{"A", 1}});
  crash();  // this process has seen nothing itself
  EXPECT_TRUE(is_open()) << why();
  ASSERT_TRUE(outbox_empty());
  ask_redis("DEL", "outbox");
  verify();
  EXPECT_FALSE(is_open());
  EXPECT_TRUE(needs_rebuild());
  EXPECT_THAT(why(), HasSubstr("the book has seen"));
}

TEST_F(LedgerTest, WithLessThanThisProcessHasSeenIsClosed) {
  open_shop({{"A", 10}});
  place("u-1", {{"A", 1}});
  ASSERT_TRUE(outbox_empty());
  ask_redis("DEL", "outbox");
  verify();
  EXPECT_FALSE(is_open());
  EXPECT_TRUE(needs_rebuild());
  EXPECT_THAT(why(), HasSubstr("this process has seen"));
}

TEST_F(LedgerTest, OfAnEarlierRunOfRedisIsClosedAndRebuiltByTheSweep) {
  open_shop({{"A", 10}});
  const std::string run = "." + ledger_state().incarnation;
  ASSERT_GT(run.size(), 1U);
  EXPECT_TRUE(process_->guard.generation()->ends_with(run));
  // As it stands when Redis was started again: in the book and in the ledger the same token.
  stores_.ask_redis({"SET", stores_.redis_key("generation"), "generation.of-another-run"});
  stores_.ask_book("update ledger_state set generation = 'generation.of-another-run'");
  verify();
  EXPECT_FALSE(is_open());
  EXPECT_TRUE(needs_rebuild());
  EXPECT_THAT(why(), HasSubstr("restarted"));
  sweep();
  ASSERT_TRUE(is_open()) << why();
  EXPECT_TRUE(process_->guard.generation()->ends_with(run));
  EXPECT_EQ(available("A"), 10);
}

TEST_F(LedgerTest, ThatIsWholeOpensAgainAfterADoubt) {
  open_shop({{"A", 10}});
  place("u-1", {{"A", 1}});
  process_->guard.doubt("a test");
  EXPECT_FALSE(is_open());
  EXPECT_EQ(try_place("u-1", {{"A", 1}}).outcome, flows::PlaceOutcome::rebuilding);
  verify();
  EXPECT_TRUE(is_open()) << why();
}

TEST_F(LedgerTest, ThatIsKnownStaysOpenWithoutTheBook) {
  open_shop({{"A", 10}});
  process_->postgres.stop();
  verify();
  EXPECT_TRUE(is_open()) << why();
  process_->guard.doubt("a test");
  verify();
  EXPECT_TRUE(is_open()) << why();
  place("u-1", {{"A", 1}});
  ASSERT_TRUE(outbox_empty());
  ask_redis("DEL", "outbox");
  verify();
  EXPECT_FALSE(is_open());
}

TEST_F(LedgerTest, ThatIsNotKnownStaysClosedWithoutTheBook) {
  open_shop({{"A", 10}});
  auto other = another_process(process_->loop);
  other->postgres.stop();
  step(other->guard.verify());
  EXPECT_FALSE(other->guard.generation());
  EXPECT_FALSE(other->guard.needs_rebuild());
}

TEST_F(LedgerTest, OfAnotherGenerationIsClosedWithoutTheBook) {
  open_shop({{"A", 10}});
  stores_.ask_redis({"SET", stores_.redis_key("generation"), "another"});
  process_->postgres.stop();
  verify();
  EXPECT_FALSE(is_open());
}

// --- The rebuild ---

TEST_F(LedgerTest, IsRebuiltExactlyWithEverythingUnfinished) {
  open_shop({{"A", 100}, {"B", 100}, {"C", 100}});
  set_stock("A", 100, Limit(3));
  const auto first = place_and_settle("u-1", {{"A", 2}});
  place_and_settle("u-2", {{"A", 3}, {"B", 5}});
  refund_and_die(first, "A", 1);
  adjust_and_die("more", "B", 7, Fault::crash_before);
  adjust_and_die("less", "B", -4, Fault::crash_before);
  adjust_and_die("less-done", "C", -10, Fault::crash_after);
  adjust_and_die("more-done", "C", 20, Fault::crash_after);
  stores_.lose_redis();
  process_->guard.doubt("a test");
  verify();
  rebuild();
  // What the book gained is for sale at once; what it is to lose is taken when the sweep comes.
  EXPECT_EQ(available("A"), 100 - 5 + 1);
  EXPECT_EQ(available("B"), 100 - 5 + 7);
  EXPECT_EQ(available("C"), 100 + 20);
  EXPECT_EQ(bought("A", "u-1"), "1");
  EXPECT_EQ(bought("A", "u-2"), "3");
  EXPECT_EQ(level("A").purchase_limit, 3);
  EXPECT_EQ(try_place("u-2", {{"A", 1}}).outcome, flows::PlaceOutcome::limit_exceeded);
  sweep_later();
  sweep_later();
  EXPECT_EQ(available("A"), 96);
  EXPECT_EQ(available("B"), 98);
  EXPECT_EQ(available("C"), 110);
  EXPECT_EQ(bought("A", "u-1"), "1");
  expect_at_rest();
}

TEST_F(LedgerTest, ThatWasNotLostIsRebuiltWithoutCountingAnythingTwice) {
  open_shop({{"A", 100}, {"C", 100}});
  set_stock("A", 100, Limit(3));
  const auto first = place_and_settle("u-1", {{"A", 2}});
  refund_and_die(first, "A", 1);
  adjust_and_die("less-done", "C", -10, Fault::crash_after);
  adjust_and_die("more-done", "C", 20, Fault::crash_after);
  rebuild();
  sweep_later();
  sweep_later();
  EXPECT_EQ(available("A"), 99);
  EXPECT_EQ(available("C"), 110);
  EXPECT_EQ(bought("A", "u-1"), "1");
  expect_at_rest();
}

TEST_F(LedgerTest, AnswersRepeatsAfterTheRebuild) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 2}});
  stores_.lose_redis();
  process_->guard.doubt("a test");
  rebuild();
  EXPECT_EQ(try_place("u-1", {{"A", 2}}, id).outcome, flows::PlaceOutcome::replayed);
  EXPECT_EQ(try_place("u-1", {{"A", 3}}, id).outcome, flows::PlaceOutcome::conflict);
  EXPECT_EQ(available("A"), 8);
}

TEST_F(LedgerTest, IsRebuiltByOneOfTwo) {
  open_shop({{"A", 10}});
  auto other = another_process(process_->loop);
  std::optional<bool> led;
  faults().hold("ledger.rebuild");
  boost::asio::co_spawn(
      *process_->loop, process_->rebuild.run("a test"),
      [&](std::exception_ptr, flows::Outcome<bool> result) { led = result.value_or(false); });
  ASSERT_TRUE(eventually([&] { return faults().count("ledger.rebuild") == 1; }));
  EXPECT_FALSE(done(other->rebuild.run("a test")));
  EXPECT_EQ(other->faults.count("ledger.close"), 0);
  faults().let_go("ledger.rebuild");
  ASSERT_TRUE(eventually([&] { return led.has_value(); }));
  EXPECT_TRUE(*led);
  verify();
  EXPECT_TRUE(is_open()) << why();
  step(other->guard.verify());
  EXPECT_EQ(other->guard.generation(), process_->guard.generation());
  expect_at_rest();
}

TEST_F(LedgerTest, WhoseRebuilderDiedIsRebuiltByTheNext) {
  open_shop({{"A", 10}});
  for (const std::string call : {"book.begin_generation", "ledger.rebuild"}) {
    faults().next(call, Fault::crash_before);
    EXPECT_THROW(run(process_->rebuild.run("a test")), Crash);
    crash();
    EXPECT_FALSE(is_open());
    EXPECT_TRUE(needs_rebuild());
    ASSERT_TRUE(eventually([&] {
      sweep();
      return is_open();
    })) << why();
    EXPECT_EQ(available("A"), 10);
  }
  expect_at_rest();
}

// --- The shop's changes ---

struct CutOff {
  std::int64_t delta;
  Fault fault;
  const char* call;
};

class CutOffChange : public LedgerTest, public ::testing::WithParamInterface<CutOff> {};

TEST_P(CutOffChange, IsFinishedOnceByTheSweep) {
  const auto& cut = GetParam();
  open_shop({{"A", 10}});
  faults().next(cut.call, cut.fault);
  dies(adjust_quietly(adjustment("a-1", "A", cut.delta)));
  crash();
  sweep();
  EXPECT_EQ(stores_.ask_book("select state from stock_changes where change_id = 'a-1'"),
            "pending");  // it is young: left to the process that began it
  sweep_later();
  EXPECT_EQ(available("A"), 10 + cut.delta);
  EXPECT_EQ(stock("A").on_hand(), 10 + cut.delta);
  sweep_later();
  EXPECT_EQ(available("A"), 10 + cut.delta);
  EXPECT_EQ(adjust("a-1", "A", cut.delta), flows::StockDeskOutcome::replayed);
  EXPECT_EQ(available("A"), 10 + cut.delta);
  EXPECT_EQ(stores_.ask_book("select sum(delta) from stock_journal"),
            std::to_string(10 + cut.delta));
  expect_at_rest();
}

INSTANTIATE_TEST_SUITE_P(All, CutOffChange,
                         ::testing::Values(CutOff{5, Fault::crash_before, "ledger.adjust"},
                                           CutOff{5, Fault::crash_after, "ledger.adjust"},
                                           CutOff{-5, Fault::crash_before, "ledger.adjust"},
                                           CutOff{-5, Fault::crash_after, "ledger.adjust"},
                                           CutOff{-5, Fault::crash_before,
                                                  "book.finish_stock_change"}),
                         [](const auto& suite) {
                           const auto& cut = suite.param;
                           std::string name = cut.delta > 0 ? "Gain" : "Loss";
                           name += cut.fault == Fault::crash_before ? "Before" : "After";
                           return name +
                                  (std::string(cut.call).starts_with("book") ? "Finish" : "Ledger");
                         });

TEST_F(LedgerTest, ARepeatOfACutOffChangeFinishesIt) {
  open_shop({{"A", 10}});
  adjust_and_die("a-1", "A", -5, Fault::crash_after);
  EXPECT_EQ(adjust("a-1", "A", -5), flows::StockDeskOutcome::replayed);
  EXPECT_EQ(available("A"), 5);
  expect_at_rest();
}

TEST_F(LedgerTest, ALossBelowWhatIsReservedIsRefusedWithoutEffect) {
  open_shop({{"A", 10}});
  place("u-1", {{"A", 8}});
  EXPECT_EQ(adjust("a-1", "A", -5), flows::StockDeskOutcome::stock_below_reserved);
  settle();
  EXPECT_EQ(available("A"), 2);
  EXPECT_EQ(stock("A").on_hand(), 2);
  expect_at_rest();
}

TEST_F(LedgerTest, ALimitSetWhileOrdersAreUnderWayCountsExactly) {
  open_shop({{"A", 100}});
  place_and_settle("u-1", {{"A", 2}});
  const auto refunded = place_and_settle("u-1", {{"A", 4}});
  refund_and_die(refunded, "A", 3);  // in the book, not in the ledger
  place("u-1", {{"A", 1}});          // in the ledger, not in the book
  place("u-2", {{"A", 1}});
  auto under_way = take_orders(2);
  ASSERT_TRUE(outbox_empty());
  const auto unmarked = place("u-3", {{"A", 2}});  // in both: its mark is lost
  faults().next("ledger.settle", Fault::fail_before);
  settle();
  EXPECT_EQ(status(unmarked), OrderStatus::completed);
  set_stock("A", stock("A").on_hand(), Limit(7));
  EXPECT_EQ(bought("A", "u-1"), "7");  // the refund will be taken off when the ledger has it
  EXPECT_EQ(bought("A", "u-2"), "1");
  EXPECT_EQ(bought("A", "u-3"), "2");
  EXPECT_EQ(try_place("u-1", {{"A", 1}}).outcome, flows::PlaceOutcome::limit_exceeded);
  step(process_->settlement.handle(std::move(under_way)));
  sweep_later();
  EXPECT_EQ(bought("A", "u-1"), "4");
  EXPECT_EQ(bought("A", "u-2"), "1");
  EXPECT_EQ(bought("A", "u-3"), "2");
}

TEST_F(LedgerTest, ALimitCountsWhatWasRefundedOfAnOrderWithoutItsMark) {
  open_shop({{"A", 100}});
  const auto unmarked = place("u-1", {{"A", 4}});
  faults().next("ledger.settle", Fault::fail_before);
  settle();
  RefundRequest some;
  some.lines.emplace().push_back(RefundLine{Sku{"A"}, Quantity{3}});
  flows::RefundCommand refund{unmarked, RefundId{process_->ids.next()}, std::move(some)};
  done(process_->refunds.request(std::move(refund)));
  step(process_->refund_worker.handle(take(queues::refunds, 1)));
  EXPECT_EQ(available("A"), 99);
  set_stock("A", stock("A").on_hand(), Limit(7));
  EXPECT_EQ(bought("A", "u-1"), "1");
}

TEST_F(LedgerTest, ALimitThatWasCutOffSellsNothingUntilTheSweepFinishesIt) {
  open_shop({{"A", 10}});
  place_and_settle("u-1", {{"A", 2}});
  faults().next("ledger.set_limit", Fault::crash_before);
  flows::SetStock command{Sku{"A"}, 8, Limit(3)};
  dies(set_quietly(std::move(command)));
  crash();
  EXPECT_EQ(try_place("u-2", {{"A", 1}}).outcome, flows::PlaceOutcome::rebuilding);
  sweep_later();
  EXPECT_EQ(level("A").purchase_limit, 3);
  EXPECT_EQ(bought("A", "u-1"), "2");
  EXPECT_EQ(try_place("u-1", {{"A", 2}}).outcome, flows::PlaceOutcome::limit_exceeded);
  place_and_settle("u-1", {{"A", 1}});
  expect_at_rest();
}

TEST_F(LedgerTest, RefundsDuringALimitChangeAreReleasedAfterIt) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 2}});
  faults().next("ledger.set_limit", Fault::crash_before);
  flows::SetStock command{Sku{"A"}, 8, Limit(3)};
  dies(set_quietly(std::move(command)));
  crash();
  flows::RefundCommand refund{id, RefundId{process_->ids.next()}, {}};
  done(process_->refunds.request(std::move(refund)));
  step(process_->refund_worker.handle(take(queues::refunds, 1)));
  EXPECT_EQ(available("A"), 8);
  sweep_later();
  sweep_later();
  EXPECT_EQ(available("A"), 10);
  EXPECT_EQ(bought("A", "u-1"), "(nil)");
  expect_at_rest();
}

// --- The reconciliation ---

TEST_F(LedgerTest, ThatIsOutOfBalanceIsReportedAndRepaired) {
  open_shop({{"A", 10}, {"B", 10}});
  place_and_settle("u-1", {{"A", 2}});
  expect_at_rest();
  stores_.ask_redis({"HINCRBY", stores_.redis_key("available"), "A", "3"});
  stores_.ask_redis({"HINCRBY", stores_.redis_key("available"), "B", "-4"});
  const auto report = done(process_->reconciliation.report());
  EXPECT_FALSE(report.balanced);
  ASSERT_EQ(report.skus.size(), 2U);
  EXPECT_EQ(report.skus[0].difference, -3);
  EXPECT_EQ(report.skus[1].difference, 4);
  rebuild();
  EXPECT_EQ(available("A"), 8);
  EXPECT_EQ(available("B"), 10);
  expect_at_rest();
}

TEST_F(LedgerTest, BalancesWithEverythingUnderWay) {
  open_shop({{"A", 100}, {"B", 100}});
  const auto first = place_and_settle("u-1", {{"A", 2}});
  refund_and_die(first, "A", 1);
  adjust_and_die("more", "B", 7, Fault::crash_before);
  adjust_and_die("less-done", "A", -4, Fault::crash_after);
  place("u-1", {{"A", 3}, {"B", 1}});
  const auto report = done(process_->reconciliation.report());
  EXPECT_TRUE(report.balanced);
  EXPECT_EQ(report.skus[0].reserved, 3);
  EXPECT_EQ(report.skus[0].in_transit, 1 + 4);
  EXPECT_EQ(report.skus[1].in_transit, 7);
  EXPECT_EQ(report.in_flight.unsettled, 1);
  EXPECT_EQ(report.in_flight.unreleased_refunds, 1);
  EXPECT_EQ(report.in_flight.pending_changes, 2);
}

}  // namespace
}  // namespace holdfast::testing
