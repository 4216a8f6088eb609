#pragma once

#include <set>

#include "tests/contract/stock_ledger_fixture.h"

// Part of stock_ledger_contract.h: what becomes of reservations, and changes of stock.

namespace holdfast::testing {

template <class Factory>
class StockLedgerChangesContract : public StockLedgerSuite<Factory> {};

TYPED_TEST_SUITE_P(StockLedgerChangesContract);

// --- outbox ----------------------------------------------------------------------------------

TYPED_TEST_P(StockLedgerChangesContract, OutboxIsReadInOrderAndInPages) {
  auto& t = *this;
  t.open({t.sku("A", 100)});
  std::vector<std::string> ids;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    ids.push_back(t.reserve(t.request(i, {t.units("A", 1)})).outbox_id);
  }
  for (std::size_t i = 1; i < ids.size(); ++i) EXPECT_TRUE(outbox_id_less(ids[i - 1], ids[i]));

  const auto first = t.outbox("", 2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].outbox_id, ids[0]);
  EXPECT_EQ(first[0].payload, R"({"order":1})");
  const auto rest = t.outbox(first[1].outbox_id);
  ASSERT_EQ(rest.size(), 3U);
  EXPECT_EQ(rest[0].outbox_id, ids[2]);
  EXPECT_EQ(rest[2].payload, R"({"order":5})");
  EXPECT_TRUE(t.outbox(ids[4]).empty());
  EXPECT_TRUE(t.outbox("", 0).empty());
  EXPECT_TRUE(t.done(t.ledger_->read_outbox("", Instant{Milliseconds{1'000}}, 10)).empty());
  EXPECT_TRUE(t.done(t.ledger_->read_outbox("", Instant{Milliseconds{-1}}, 10)).empty());
}

TYPED_TEST_P(StockLedgerChangesContract, OutboxEntriesAreDeletedById) {
  auto& t = *this;
  t.open({t.sku("A", 100)});
  std::vector<std::string> ids;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    ids.push_back(t.reserve(t.request(i, {t.units("A", 1)})).outbox_id);
  }
  t.done(t.ledger_->delete_outbox({ids[2], ids[1], "1-1"}));
  t.done(t.ledger_->delete_outbox({ids[1]}));
  t.done(t.ledger_->delete_outbox({}));
  const auto left = t.outbox();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].outbox_id, ids[0]);

  // The high-water mark stays when the last entry goes.
  t.done(t.ledger_->delete_outbox({ids[0]}));
  const auto state = t.state();
  EXPECT_EQ(state.outbox_length, 0);
  EXPECT_EQ(state.last_outbox_id, ids[2]);
  EXPECT_FALSE(state.oldest_outbox_at);
}

TYPED_TEST_P(StockLedgerChangesContract, ManyOutboxEntriesAreDeletedAtOnce) {
  auto& t = *this;
  t.open({t.sku("A", 5'000)});
  std::vector<boost::asio::awaitable<PortResult<ReserveResult>>> calls;
  for (std::uint64_t i = 0; i < 2'500; ++i) {
    calls.push_back(t.ledger_->reserve(t.request(i, {t.units("A", 1)})));
  }
  std::vector<std::string> ids;
  for (const auto& result : t.all(std::move(calls))) ids.push_back(result.outbox_id);
  EXPECT_EQ(t.state().outbox_length, 2'500);
  const auto kept = ids.back();
  ids.pop_back();
  t.done(t.ledger_->delete_outbox(ids));
  const auto left = t.outbox();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].outbox_id, kept);
}

// --- settle and unsettled --------------------------------------------------------------------

TYPED_TEST_P(StockLedgerChangesContract, SettlingTakesUnitsOutOfReservedOnce) {
  auto& t = *this;
  t.open({t.sku("A", 10), t.sku("B", 10)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 2), t.units("B", 1)})), ReserveOutcome::reserved);
  ASSERT_EQ(t.outcome(t.request(2, {t.units("A", 3)})), ReserveOutcome::reserved);
  const auto first = t.mark(1, {t.units("A", 2), t.units("B", 1)});
  t.settle({first});
  EXPECT_EQ(t.reserved("A"), 3);
  EXPECT_EQ(t.reserved("B"), 0);
  EXPECT_EQ(t.available("A"), 5);
  EXPECT_TRUE(t.journal(1)->settled);
  EXPECT_EQ(t.journal(1)->payload, R"({"order":1})");
  EXPECT_FALSE(t.journal(2)->settled);

  t.settle({first});
  EXPECT_EQ(t.reserved("A"), 3);
  const auto second = t.mark(2, {t.units("A", 3)});
  t.settle({second, first, second});  // one order twice in a batch
  EXPECT_EQ(t.reserved("A"), 0);
  EXPECT_EQ(t.available("A"), 5);
  t.settle({});
}

TYPED_TEST_P(StockLedgerChangesContract, SettlingWhatIsNotThereChangesNothing) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 2)})), ReserveOutcome::reserved);
  auto other = t.mark(1, {t.units("A", 2)});
  other.reservation_id = t.reservation(9);
  t.settle({other, t.mark(5, {t.units("A", 2)})});
  EXPECT_EQ(t.reserved("A"), 2);
  EXPECT_FALSE(t.journal(1)->settled);
  EXPECT_FALSE(t.journal(5));
  EXPECT_EQ(t.state().unsettled, 1);
}

TYPED_TEST_P(StockLedgerChangesContract, LargeBatchesSettle) {
  auto& t = *this;
  t.open({t.sku("A", 10'000), t.sku("B", 10'000)});
  std::vector<boost::asio::awaitable<PortResult<ReserveResult>>> calls;
  std::vector<SettleMark> marks;
  for (std::uint64_t i = 0; i < 700; ++i) {
    calls.push_back(t.ledger_->reserve(t.request(i, {t.units("A", 1), t.units("B", 2)})));
    marks.push_back(t.mark(i, {t.units("A", 1), t.units("B", 2)}));
  }
  t.all(std::move(calls));
  EXPECT_EQ(t.reserved("A"), 700);
  marks.pop_back();
  t.settle(marks);
  EXPECT_EQ(t.reserved("A"), 1);
  EXPECT_EQ(t.reserved("B"), 2);
  EXPECT_EQ(t.state().unsettled, 1);
}

TYPED_TEST_P(StockLedgerChangesContract, UnsettledEntriesAreReadOldestFirst) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  for (const std::uint64_t number : {3U, 1U, 2U, 4U}) {
    ASSERT_EQ(t.outcome(t.request(number, {t.units("A", 1)})), ReserveOutcome::reserved);
  }
  t.settle({t.mark(2, {t.units("A", 1)})});
  const auto entries = t.unsettled();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].order_id, t.order(1));
  EXPECT_EQ(entries[0].reservation_id, t.reservation(1));
  EXPECT_EQ(entries[0].payload, R"({"order":1})");
  EXPECT_FALSE(entries[0].settled);
  EXPECT_EQ(entries[1].order_id, t.order(3));
  EXPECT_EQ(entries[2].order_id, t.order(4));

  const auto earlier = t.unsettled(t.kNoon + Milliseconds{3});  // inclusive
  ASSERT_EQ(earlier.size(), 2U);
  EXPECT_EQ(earlier[1].order_id, t.order(3));
  EXPECT_EQ(t.unsettled(t.kFarFuture, 1).size(), 1U);
  EXPECT_TRUE(t.unsettled(t.kNoon).empty());
  EXPECT_TRUE(t.unsettled(t.kFarFuture, 0).empty());
  const auto state = t.state();
  EXPECT_EQ(state.unsettled, 3);
  EXPECT_EQ(state.oldest_unsettled_at, t.kNoon + Milliseconds{1});
}

// --- give back -------------------------------------------------------------------------------

TYPED_TEST_P(StockLedgerChangesContract, GivingBackHappensOncePerChange) {
  auto& t = *this;
  t.open({t.sku("A", 10), t.sku("B", 10)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 4), t.units("B", 1)})), ReserveOutcome::reserved);
  t.settle({t.mark(1, {t.units("A", 4), t.units("B", 1)})});
  const auto back = t.give("refund-1", {t.units("A", 3), t.units("B", 1)});
  EXPECT_EQ(t.give_back(back), ChangeOutcome::applied);
  EXPECT_EQ(t.give_back(back), ChangeOutcome::already_applied);
  EXPECT_EQ(t.available("A"), 9);
  EXPECT_EQ(t.available("B"), 10);
  EXPECT_EQ(t.reserved("A"), 0);
  EXPECT_EQ(t.give_back(t.give("refund-2", {t.units("A", 1)})), ChangeOutcome::applied);
  EXPECT_EQ(t.available("A"), 10);
}

TYPED_TEST_P(StockLedgerChangesContract, GivingBackLeavesOtherOrdersReservationsAlone) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 4)})), ReserveOutcome::reserved);
  ASSERT_EQ(t.give_back(t.give("refund-1", {t.units("A", 1)})), ChangeOutcome::applied);
  EXPECT_EQ(t.reserved("A"), 4);
  EXPECT_EQ(t.available("A"), 7);
  EXPECT_FALSE(t.journal(1)->settled);
  EXPECT_EQ(t.give_back(t.give("nothing", {})), ChangeOutcome::applied);
  EXPECT_EQ(t.give_back(t.give("zero", {t.units("A", 0)})), ChangeOutcome::applied);
  EXPECT_EQ(t.available("A"), 7);
}

TYPED_TEST_P(StockLedgerChangesContract, ReleasedReservationLeavesReserved) {
  auto& t = *this;
  t.open({t.sku("A", 10, 4)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 4)})), ReserveOutcome::reserved);
  ASSERT_EQ(t.outcome(t.request(2, {t.units("A", 1)})), ReserveOutcome::limit_exceeded);
  const auto back = t.release("reservation-1", 1, 1, {t.units("A", 4)});
  EXPECT_EQ(t.give_back(back), ChangeOutcome::applied);
  EXPECT_EQ(t.give_back(back), ChangeOutcome::already_applied);
  EXPECT_EQ(t.available("A"), 10);
  EXPECT_EQ(t.reserved("A"), 0);
  EXPECT_TRUE(t.journal(1)->settled);
  EXPECT_TRUE(t.unsettled().empty());
  t.settle({t.mark(1, {t.units("A", 4)})});  // a late mark finds it settled
  EXPECT_EQ(t.reserved("A"), 0);
  EXPECT_EQ(t.outcome(t.request(2, {t.units("A", 4)})), ReserveOutcome::reserved);
}

TYPED_TEST_P(StockLedgerChangesContract,
             ReleaseOfAReservationThatIsNotTheEntrysLeavesItsUnitsReserved) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 2)})), ReserveOutcome::reserved);
  // Another reservation of the same order: its units come back, this one's stay reserved.
  EXPECT_EQ(t.give_back(t.release("c-1", 1, 9, {t.units("A", 2)})), ChangeOutcome::applied);
  EXPECT_EQ(t.available("A"), 10);
  EXPECT_EQ(t.reserved("A"), 2);
  EXPECT_FALSE(t.journal(1)->settled);
  EXPECT_EQ(t.state().unsettled, 1);
  // An order whose entry is gone.
  EXPECT_EQ(t.give_back(t.release("c-2", 7, 7, {t.units("A", 1)})), ChangeOutcome::applied);
  EXPECT_EQ(t.available("A"), 11);
  EXPECT_EQ(t.reserved("A"), 2);
  EXPECT_FALSE(t.journal(7));
  // One that was settled: `reserved` went down then.
  t.settle({t.mark(1, {t.units("A", 2)})});
  EXPECT_EQ(t.give_back(t.release("c-3", 1, 1, {t.units("A", 2)})), ChangeOutcome::applied);
  EXPECT_EQ(t.available("A"), 13);
  EXPECT_EQ(t.reserved("A"), 0);
}

TYPED_TEST_P(StockLedgerChangesContract, UnitsKeptOffSaleLeaveReservedAllTheSame) {
  auto& t = *this;
  t.open({t.sku("A", 10), t.sku("B", 10)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 3), t.units("B", 2)})), ReserveOutcome::reserved);
  auto back = t.release("c-1", 1, 1, {t.units("A", 3), t.units("B", 2)});
  back.to_available = {t.units("A", 1)};
  ASSERT_EQ(t.give_back(back), ChangeOutcome::applied);
  EXPECT_EQ(t.available("A"), 8);
  EXPECT_EQ(t.reserved("A"), 0);
  EXPECT_EQ(t.available("B"), 8);
  EXPECT_EQ(t.reserved("B"), 0);
  EXPECT_EQ(t.state().unsettled, 0);
}

TYPED_TEST_P(StockLedgerChangesContract, ChangesAreOnlyForTheGenerationTheyAreMeantFor) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 4)})), ReserveOutcome::reserved);
  auto back = t.release("c-1", 1, 1, {t.units("A", 4)});
  auto refund = t.give("c-2", {t.units("A", 1)});
  auto adjustment = t.adjustment("c-3", "A", 1);
  back.generation = refund.generation = adjustment.generation = "another generation";
  EXPECT_EQ(t.give_back(back), ChangeOutcome::closed);
  EXPECT_EQ(t.give_back(refund), ChangeOutcome::closed);
  EXPECT_EQ(t.adjust(adjustment), ChangeOutcome::closed);
  refund.generation = "";
  EXPECT_EQ(t.give_back(refund), ChangeOutcome::closed);
  EXPECT_EQ(t.available("A"), 6);
  EXPECT_EQ(t.reserved("A"), 4);
  back.generation = t.kGeneration;
  EXPECT_EQ(t.give_back(back), ChangeOutcome::applied);
  EXPECT_EQ(t.available("A"), 10);
}

// --- adjust ----------------------------------------------------------------------------------

TYPED_TEST_P(StockLedgerChangesContract, AdjustmentsApplyOnceAndNeverBelowZero) {
  auto& t = *this;
  t.open({t.sku("A", 5)});
  EXPECT_EQ(t.adjust(t.adjustment("c-1", "A", 3)), ChangeOutcome::applied);
  EXPECT_EQ(t.adjust(t.adjustment("c-1", "A", 3)), ChangeOutcome::already_applied);
  EXPECT_EQ(t.available("A"), 8);
  EXPECT_EQ(t.adjust(t.adjustment("c-2", "A", -9)), ChangeOutcome::refused);
  EXPECT_EQ(t.available("A"), 8);
  EXPECT_EQ(t.adjust(t.adjustment("c-3", "A", 1)), ChangeOutcome::applied);
  EXPECT_EQ(t.adjust(t.adjustment("c-2", "A", -9)), ChangeOutcome::refused);  // for good
  EXPECT_EQ(t.adjust(t.adjustment("c-7", "A", -9)), ChangeOutcome::applied);
  EXPECT_EQ(t.available("A"), 0);

  EXPECT_EQ(t.adjust(t.adjustment("c-4", "New", -1)), ChangeOutcome::refused);
  EXPECT_FALSE(t.level("New").available);
  EXPECT_EQ(t.adjust(t.adjustment("c-5", "New", 0)), ChangeOutcome::applied);
  EXPECT_EQ(t.available("New"), 0);
  EXPECT_EQ(t.adjust(t.adjustment("c-6", "New", 1'000'000'000'000)), ChangeOutcome::applied);
  EXPECT_EQ(t.available("New"), 1'000'000'000'000);
}

TYPED_TEST_P(StockLedgerChangesContract, AppliedChangesAreFound) {
  auto& t = *this;
  t.open({t.sku("A", 5)});
  ASSERT_EQ(t.adjust(t.adjustment("adjusted", "A", 3)), ChangeOutcome::applied);
  ASSERT_EQ(t.adjust(t.adjustment("refused", "A", -30)), ChangeOutcome::refused);
  ASSERT_EQ(t.give_back(t.give("given", {t.units("A", 1)})), ChangeOutcome::applied);
  const auto found = t.done(t.ledger_->find_applied(
      {ChangeId{"given"}, ChangeId{"refused"}, ChangeId{"never"}, ChangeId{"adjusted"}}));
  EXPECT_EQ(found, (std::vector<ChangeId>{ChangeId{"given"}, ChangeId{"adjusted"}}));
  EXPECT_TRUE(t.done(t.ledger_->find_applied({})).empty());
}

// --- levels ----------------------------------------------------------------------------------

TYPED_TEST_P(StockLedgerChangesContract, LevelsAnswerInTheOrderAsked) {
  auto& t = *this;
  t.open({t.sku("A", 5), t.sku("B", 7, 2)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("B", 2)})), ReserveOutcome::reserved);
  const auto levels = t.done(t.ledger_->levels({Sku{"B"}, Sku{"none"}, Sku{"A"}}));
  ASSERT_EQ(levels.size(), 3U);
  EXPECT_EQ(levels[0].sku.value, "B");
  EXPECT_EQ(levels[0].available, 5);
  EXPECT_EQ(levels[0].reserved, 2);
  EXPECT_EQ(levels[0].purchase_limit, 2);
  EXPECT_EQ(levels[1].sku.value, "none");
  EXPECT_FALSE(levels[1].available);
  EXPECT_EQ(levels[1].reserved, 0);
  EXPECT_EQ(levels[2].available, 5);
  EXPECT_FALSE(levels[2].purchase_limit);
  EXPECT_TRUE(t.done(t.ledger_->levels({})).empty());
}

TYPED_TEST_P(StockLedgerChangesContract, AllLevelsAreEachThereOnce) {
  auto& t = *this;
  std::vector<RebuiltSku> skus;
  for (int i = 0; i < 2'000; ++i) skus.push_back(t.sku("sku-" + std::to_string(i), i));
  t.open(std::move(skus));
  const auto levels = t.done(t.ledger_->all_levels());
  ASSERT_EQ(levels.size(), 2'000U);
  std::set<std::string> names;
  std::int64_t sum = 0;
  for (const auto& level : levels) {
    names.insert(level.sku.value);
    sum += level.available.value();
  }
  EXPECT_EQ(names.size(), 2'000U);
  EXPECT_EQ(sum, 1'999'000);
}

// --- rebuild ---------------------------------------------------------------------------------

TYPED_TEST_P(StockLedgerChangesContract, RebuildNeedsAClosedLedger) {
  auto& t = *this;
  t.open({t.sku("A", 5)});
  RebuiltLedger ledger;
  ledger.generation = "generation-2";
  ledger.skus = {t.sku("A", 1)};
  const auto result = run(t.loop_, t.ledger_->rebuild(ledger));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().effect, Effect::none);
  EXPECT_EQ(t.available("A"), 5);
  EXPECT_EQ(t.state().generation, t.kGeneration);
}

TYPED_TEST_P(StockLedgerChangesContract, RebuildReplacesStockAndKeepsTheOutbox) {
  auto& t = *this;
  t.open({t.sku("A", 10, 5), t.sku("Old", 10)});
  const auto settled = t.reserve(t.request(1, {t.units("A", 1)})).outbox_id;
  const auto lost = t.reserve(t.request(2, {t.units("A", 2)})).outbox_id;
  t.settle({t.mark(1, {t.units("A", 1)})});

  t.open({t.sku("A", 9, 5), t.sku("B", 3)}, "generation-2");
  EXPECT_EQ(t.state().generation, "generation-2");
  EXPECT_EQ(t.available("A"), 9);
  EXPECT_EQ(t.reserved("A"), 0);
  EXPECT_EQ(t.available("B"), 3);
  EXPECT_FALSE(t.level("Old").available);
  EXPECT_EQ(t.done(t.ledger_->all_levels()).size(), 2U);

  // The unsettled reservation is forgotten, its outbox entry is not; what was settled still
  // answers.
  EXPECT_TRUE(t.unsettled().empty());
  EXPECT_EQ(t.state().unsettled, 0);
  EXPECT_FALSE(t.journal(2));
  EXPECT_TRUE(t.journal(1)->settled);
  ASSERT_EQ(t.outbox().size(), 2U);
  EXPECT_EQ(t.outbox()[0].outbox_id, settled);
  EXPECT_EQ(t.state().last_outbox_id, lost);
  t.settle({t.mark(2, {t.units("A", 2)})});
  EXPECT_EQ(t.reserved("A"), 0);

  // Counts begin with what the book says, here with nothing.
  auto request = t.request(3, {t.units("A", 5)});
  EXPECT_EQ(t.outcome(request), ReserveOutcome::closed);  // still the old generation
  request.generation = "generation-2";
  EXPECT_EQ(t.outcome(request), ReserveOutcome::reserved);
}

TYPED_TEST_P(StockLedgerChangesContract, RebuildWritesLimitsAndCounts) {
  auto& t = *this;
  auto limited = t.sku("A", 10, 3);
  limited.bought = {t.bought("u-1", 2)};
  t.open({limited, t.sku("B", 10, 1)});
  EXPECT_EQ(t.reserve(t.request(1, {t.units("A", 2)})).limit->bought.units, 2);
  ASSERT_EQ(t.outcome(t.request(1, {t.units("B", 1)})), ReserveOutcome::reserved);

  // Counts of a limit that went do not come back with a later one.
  t.open({t.sku("A", 10), t.sku("B", 10)}, "generation-2");
  t.open({t.sku("A", 10, 3), t.sku("B", 10, 1)});
  EXPECT_EQ(t.outcome(t.request(2, {t.units("A", 3), t.units("B", 1)})), ReserveOutcome::reserved);
}

TYPED_TEST_P(StockLedgerChangesContract, RebuildKnowsWhichChangesItContains) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  ASSERT_EQ(t.adjust(t.adjustment("lost", "A", 5)), ChangeOutcome::applied);
  RebuiltLedger ledger;
  ledger.generation = t.kGeneration;
  ledger.skus = {t.sku("A", 10)};
  ledger.applied = {ChangeId{"contained"}};
  ledger.not_applied = {ChangeId{"lost"}, ChangeId{"never-seen"}};
  t.rebuild(std::move(ledger));
  EXPECT_EQ(t.adjust(t.adjustment("contained", "A", 1)), ChangeOutcome::already_applied);
  EXPECT_EQ(t.adjust(t.adjustment("lost", "A", 5)), ChangeOutcome::applied);
  EXPECT_EQ(t.available("A"), 15);
}

TYPED_TEST_P(StockLedgerChangesContract, RebuildRestoresTheJournalOfSettledOrders) {
  auto& t = *this;
  RebuiltLedger ledger;
  ledger.generation = t.kGeneration;
  ledger.skus = {t.sku("A", 10)};
  ledger.journal_retention = t.kHour;
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    JournalEntry entry;
    entry.order_id = t.order(i);
    entry.reservation_id = t.reservation(i);
    entry.fingerprint = t.fingerprint('a');
    entry.settled = true;
    ledger.journal.push_back(entry);
  }
  t.rebuild(std::move(ledger));
  for (const std::uint64_t i : {0U, 1'234U, 2'999U}) {
    const auto result = t.reserve(t.request(i, {t.units("A", 1)}));
    ASSERT_EQ(result.outcome, ReserveOutcome::replayed) << i;
    EXPECT_TRUE(result.journal->settled);
    EXPECT_EQ(result.journal->payload, "");
    EXPECT_EQ(result.journal->reservation_id, t.reservation(i));
  }
  auto other = t.request(5, {t.units("A", 1)});
  other.fingerprint = t.fingerprint('b');
  EXPECT_EQ(t.outcome(other), ReserveOutcome::conflict);
  EXPECT_TRUE(t.unsettled().empty());
}

TYPED_TEST_P(StockLedgerChangesContract, OrderThatTheRebuildForgotTakesItsStockAnew) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 2)})), ReserveOutcome::reserved);
  t.open({t.sku("A", 10)}, "generation-2");
  auto queued = t.request(1, {t.units("A", 2)});
  queued.generation = "generation-2";
  queued.append_to_outbox = false;
  EXPECT_EQ(t.outcome(queued), ReserveOutcome::reserved);
  const auto again = t.reserve(queued);
  ASSERT_EQ(again.outcome, ReserveOutcome::replayed);
  EXPECT_EQ(again.journal->reservation_id, queued.reservation_id);
  EXPECT_FALSE(again.journal->settled);
  EXPECT_EQ(t.available("A"), 8);
  EXPECT_EQ(t.reserved("A"), 2);
}

REGISTER_TYPED_TEST_SUITE_P(
    StockLedgerChangesContract, OutboxIsReadInOrderAndInPages, OutboxEntriesAreDeletedById,
    ManyOutboxEntriesAreDeletedAtOnce, SettlingTakesUnitsOutOfReservedOnce,
    SettlingWhatIsNotThereChangesNothing, LargeBatchesSettle, UnsettledEntriesAreReadOldestFirst,
    GivingBackHappensOncePerChange, GivingBackLeavesOtherOrdersReservationsAlone,
    ReleasedReservationLeavesReserved, UnitsKeptOffSaleLeaveReservedAllTheSame,
    ReleaseOfAReservationThatIsNotTheEntrysLeavesItsUnitsReserved,
    ChangesAreOnlyForTheGenerationTheyAreMeantFor, AdjustmentsApplyOnceAndNeverBelowZero,
    AppliedChangesAreFound, LevelsAnswerInTheOrderAsked, AllLevelsAreEachThereOnce,
    RebuildNeedsAClosedLedger, RebuildReplacesStockAndKeepsTheOutbox, RebuildWritesLimitsAndCounts,
    RebuildKnowsWhichChangesItContains, RebuildRestoresTheJournalOfSettledOrders,
    OrderThatTheRebuildForgotTakesItsStockAnew);

}  // namespace holdfast::testing
