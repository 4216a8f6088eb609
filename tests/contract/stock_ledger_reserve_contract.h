#pragma once

#include "tests/contract/stock_ledger_fixture.h"

// Part of stock_ledger_contract.h: taking stock, and what refuses it.

namespace holdfast::testing {

template <class Factory>
class StockLedgerReserveContract : public StockLedgerSuite<Factory> {};

TYPED_TEST_SUITE_P(StockLedgerReserveContract);

// --- closed ----------------------------------------------------------------------------------

TYPED_TEST_P(StockLedgerReserveContract, NewLedgerIsEmptyAndClosed) {
  auto& t = *this;
  const auto state = t.state();
  EXPECT_FALSE(state.generation);
  EXPECT_EQ(state.last_outbox_id, "0-0");
  EXPECT_EQ(state.outbox_length, 0);
  EXPECT_FALSE(state.oldest_outbox_at);
  EXPECT_EQ(state.unsettled, 0);
  EXPECT_FALSE(state.oldest_unsettled_at);
  EXPECT_TRUE(t.done(t.ledger_->all_levels()).empty());
  EXPECT_TRUE(t.outbox().empty());
  EXPECT_TRUE(t.unsettled().empty());
  EXPECT_FALSE(t.journal(1));
  EXPECT_EQ(t.outcome(t.request(1, {t.units("A", 1)})), ReserveOutcome::closed);
}

TYPED_TEST_P(StockLedgerReserveContract, ClosedLedgerRefusesWhatWouldChangeStock) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 2)})), ReserveOutcome::reserved);
  t.done(t.ledger_->close());

  EXPECT_FALSE(t.state().generation);
  EXPECT_EQ(t.outcome(t.request(2, {t.units("A", 1)})), ReserveOutcome::closed);
  EXPECT_EQ(t.outcome(t.request(1, {t.units("A", 2)})), ReserveOutcome::closed);
  auto moved = t.request(3, {t.units("A", 1)});
  moved.append_to_outbox = false;
  EXPECT_EQ(t.outcome(moved), ReserveOutcome::closed);
  EXPECT_EQ(t.give_back(t.give("c-1", {t.units("A", 1)})), ChangeOutcome::closed);
  EXPECT_EQ(t.give_back(t.release("c-2", 1, 1, {t.units("A", 2)})), ChangeOutcome::closed);
  EXPECT_EQ(t.adjust(t.adjustment("c-3", "A", 5)), ChangeOutcome::closed);
  EXPECT_EQ(t.done(t.ledger_->begin_limit_change(t.attempt("A", 1))), ChangeOutcome::closed);
  EXPECT_EQ(t.done(t.ledger_->set_limit(t.attempt("A", 1), 3, {})), ChangeOutcome::closed);
  EXPECT_EQ(t.available("A"), 8);
  EXPECT_EQ(t.reserved("A"), 2);
  EXPECT_FALSE(t.level("A").purchase_limit);
}

TYPED_TEST_P(StockLedgerReserveContract, ClosedLedgerStillDrains) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  const auto id = t.reserve(t.request(1, {t.units("A", 2)})).outbox_id;
  t.done(t.ledger_->close());

  EXPECT_EQ(t.outbox().size(), 1U);
  t.done(t.ledger_->delete_outbox({id}));
  EXPECT_TRUE(t.outbox().empty());
  t.settle({t.mark(1, {t.units("A", 2)})});
  EXPECT_EQ(t.reserved("A"), 0);
  EXPECT_TRUE(t.journal(1)->settled);
}

TYPED_TEST_P(StockLedgerReserveContract, CallerWithAnotherGenerationIsRefused) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  EXPECT_EQ(t.state().generation, t.kGeneration);
  auto stale = t.request(1, {t.units("A", 1)});
  stale.generation = "generation-0";
  EXPECT_EQ(t.outcome(stale), ReserveOutcome::closed);
  stale.generation = "";
  EXPECT_EQ(t.outcome(stale), ReserveOutcome::closed);
  EXPECT_EQ(t.available("A"), 10);
}

// --- reserve ---------------------------------------------------------------------------------

TYPED_TEST_P(StockLedgerReserveContract, ReserveTakesStockAndRecordsIt) {
  auto& t = *this;
  t.open({t.sku("A", 10), t.sku("B", 5)});
  const auto result = t.reserve(t.request(1, {t.units("A", 3), t.units("B", 5)}));
  ASSERT_EQ(result.outcome, ReserveOutcome::reserved);
  EXPECT_FALSE(result.journal);

  EXPECT_EQ(t.available("A"), 7);
  EXPECT_EQ(t.reserved("A"), 3);
  EXPECT_EQ(t.available("B"), 0);
  EXPECT_EQ(t.reserved("B"), 5);

  const auto entry = t.journal(1);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->order_id, t.order(1));
  EXPECT_EQ(entry->reservation_id, t.reservation(1));
  EXPECT_EQ(entry->fingerprint, t.fingerprint('a'));
  EXPECT_EQ(entry->payload, R"({"order":1})");
  EXPECT_FALSE(entry->settled);

  const auto entries = t.outbox();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].outbox_id, result.outbox_id);
  EXPECT_EQ(entries[0].payload, R"({"order":1})");

  const auto state = t.state();
  EXPECT_EQ(state.last_outbox_id, result.outbox_id);
  EXPECT_EQ(state.outbox_length, 1);
  EXPECT_TRUE(state.oldest_outbox_at);
  EXPECT_EQ(state.unsettled, 1);
  EXPECT_EQ(state.oldest_unsettled_at, t.kNoon + Milliseconds{1});
}

TYPED_TEST_P(StockLedgerReserveContract, PayloadIsKeptByteForByte) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  auto request = t.request(1, {t.units("A", 1)});
  request.payload = "{\"k\":\"\xe8\xaf\xa2 \r\n$5\r\n '%s' \\u0000\"} " + std::string(60'000, 'x');
  ASSERT_EQ(t.outcome(request), ReserveOutcome::reserved);
  EXPECT_EQ(t.journal(1)->payload, request.payload);
  EXPECT_EQ(t.outbox().at(0).payload, request.payload);
}

TYPED_TEST_P(StockLedgerReserveContract, RepeatOfTheLastUnitsBuyerIsReplayedNotSoldOut) {
  auto& t = *this;
  t.open({t.sku("A", 1)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 1)})), ReserveOutcome::reserved);
  auto repeat = t.request(1, {t.units("A", 1)});
  repeat.reservation_id = t.reservation(77);
  const auto result = t.reserve(repeat);
  ASSERT_EQ(result.outcome, ReserveOutcome::replayed);
  ASSERT_TRUE(result.journal);
  EXPECT_EQ(result.journal->order_id, t.order(1));
  EXPECT_EQ(result.journal->reservation_id, t.reservation(1));
  EXPECT_EQ(result.journal->payload, R"({"order":1})");
  EXPECT_FALSE(result.journal->settled);
  EXPECT_EQ(t.available("A"), 0);
  EXPECT_EQ(t.reserved("A"), 1);
  EXPECT_EQ(t.outbox().size(), 1U);

  t.settle({t.mark(1, {t.units("A", 1)})});
  EXPECT_TRUE(t.reserve(repeat).journal->settled);
}

TYPED_TEST_P(StockLedgerReserveContract, SameOrderWithOtherContentIsAConflict) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 1)})), ReserveOutcome::reserved);
  auto other = t.request(1, {t.units("A", 2)});
  other.fingerprint = t.fingerprint('b');
  const auto result = t.reserve(other);
  ASSERT_EQ(result.outcome, ReserveOutcome::conflict);
  EXPECT_EQ(result.journal->fingerprint, t.fingerprint('a'));
  EXPECT_EQ(t.available("A"), 9);
}

TYPED_TEST_P(StockLedgerReserveContract, RepeatComesBeforeEveryOtherRefusal) {
  auto& t = *this;
  t.open({t.sku("A", 2, 1)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 1)})), ReserveOutcome::reserved);
  auto conflict = t.request(1, {t.units("A", 1)});
  conflict.fingerprint = t.fingerprint('b');
  const auto expect_recognised = [&](ReserveRequest repeat) {
    EXPECT_EQ(t.outcome(repeat), ReserveOutcome::replayed);
    repeat.fingerprint = t.fingerprint('b');
    EXPECT_EQ(t.outcome(repeat), ReserveOutcome::conflict);
  };
  expect_recognised(t.request(1, {t.units("A", 1)}));  // its user has reached the limit
  auto full = t.request(1, {t.units("A", 1)});
  full.outbox_max = 1;
  expect_recognised(full);
  expect_recognised(t.request(1, {t.units("no such", 1)}));
  ASSERT_EQ(t.done(t.ledger_->begin_limit_change(t.attempt("A", 1))), ChangeOutcome::applied);
  expect_recognised(t.request(1, {t.units("A", 1)}));
}

TYPED_TEST_P(StockLedgerReserveContract, RefusalsComeInTheirOrder) {
  auto& t = *this;
  t.open({t.sku("A", 5, 1), t.sku("B", 1), t.sku("C", 5)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("C", 1)})), ReserveOutcome::reserved);
  ASSERT_EQ(t.done(t.ledger_->begin_limit_change(t.attempt("C", 1))), ChangeOutcome::applied);

  // Everything is wrong with this one; then one thing less each time.
  auto request =
      t.request(2, {t.units("A", 2), t.units("B", 2), t.units("C", 1), t.units("none", 1)});
  request.outbox_max = 1;
  EXPECT_EQ(t.outcome(request), ReserveOutcome::outbox_full);
  request.outbox_max = 2;
  EXPECT_EQ(t.outcome(request), ReserveOutcome::busy);
  ASSERT_EQ(t.done(t.ledger_->set_limit(t.attempt("C", 1), std::nullopt, {})),
            ChangeOutcome::applied);
  EXPECT_EQ(t.outcome(request), ReserveOutcome::unknown_sku);
  request.lines.pop_back();
  EXPECT_EQ(t.outcome(request), ReserveOutcome::out_of_stock);
  request.lines[1] = t.units("B", 1);
  EXPECT_EQ(t.outcome(request), ReserveOutcome::limit_exceeded);
  request.lines[0] = t.units("A", 1);
  EXPECT_EQ(t.outcome(request), ReserveOutcome::reserved);
}

TYPED_TEST_P(StockLedgerReserveContract, ARefusedCartTakesNothing) {
  auto& t = *this;
  t.open({t.sku("A", 10), t.sku("B", 1), t.sku("C", 0)});
  const auto short_of =
      t.reserve(t.request(1, {t.units("A", 1), t.units("B", 2), t.units("C", 3)}));
  ASSERT_EQ(short_of.outcome, ReserveOutcome::out_of_stock);
  ASSERT_EQ(short_of.shortages.size(), 2U);
  EXPECT_EQ(short_of.shortages[0].sku.value, "B");
  EXPECT_EQ(short_of.shortages[0].requested.units, 2);
  EXPECT_EQ(short_of.shortages[0].available.units, 1);
  EXPECT_EQ(short_of.shortages[1].sku.value, "C");
  EXPECT_EQ(short_of.shortages[1].requested.units, 3);
  EXPECT_EQ(short_of.shortages[1].available.units, 0);

  const auto unknown = t.reserve(t.request(1, {t.units("A", 1), t.units("X", 1), t.units("Y", 1)}));
  ASSERT_EQ(unknown.outcome, ReserveOutcome::unknown_sku);
  EXPECT_EQ(unknown.unknown_skus, (std::vector<Sku>{Sku{"X"}, Sku{"Y"}}));

  EXPECT_EQ(t.available("A"), 10);
  EXPECT_EQ(t.reserved("A"), 0);
  EXPECT_FALSE(t.level("X").available);
  EXPECT_FALSE(t.journal(1));
  EXPECT_TRUE(t.outbox().empty());
  EXPECT_EQ(t.state().unsettled, 0);
}

TYPED_TEST_P(StockLedgerReserveContract, FullOutboxRefusesAndTakesNothing) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  auto request = t.request(1, {t.units("A", 1)});
  request.outbox_max = 0;
  EXPECT_EQ(t.outcome(request), ReserveOutcome::outbox_full);
  request.outbox_max = 1;
  const auto first = t.reserve(request);
  EXPECT_EQ(first.outcome, ReserveOutcome::reserved);
  auto second = t.request(2, {t.units("A", 1)});
  second.outbox_max = 1;
  EXPECT_EQ(t.outcome(second), ReserveOutcome::outbox_full);
  EXPECT_EQ(t.available("A"), 9);
  t.done(t.ledger_->delete_outbox({first.outbox_id}));
  EXPECT_EQ(t.outcome(second), ReserveOutcome::reserved);
}

TYPED_TEST_P(StockLedgerReserveContract, CountsLargeNumbersExactly) {
  auto& t = *this;
  constexpr std::int64_t kMost = 1'000'000'000'000;
  t.open({t.sku("A", kMost)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 1)})), ReserveOutcome::reserved);
  EXPECT_EQ(t.available("A"), kMost - 1);
  ASSERT_EQ(t.outcome(t.request(2, {t.units("A", kMost - 1)})), ReserveOutcome::reserved);
  EXPECT_EQ(t.available("A"), 0);
  EXPECT_EQ(t.reserved("A"), kMost);
  t.settle({t.mark(1, {t.units("A", 1)}), t.mark(2, {t.units("A", kMost - 1)})});
  EXPECT_EQ(t.reserved("A"), 0);
}

// --- reserving an order that is in the queue already ---------------------------------------------

TYPED_TEST_P(StockLedgerReserveContract, QueuedOrderTakesStockWithoutAnOutboxEntry) {
  auto& t = *this;
  t.open({t.sku("A", 5, 1)});
  auto queued = t.request(1, {t.units("A", 3)});  // past the limit, and past the outbox's
  queued.append_to_outbox = false;
  queued.outbox_max = 0;
  const auto first = t.reserve(queued);
  ASSERT_EQ(first.outcome, ReserveOutcome::reserved);
  EXPECT_EQ(first.outbox_id, "");
  EXPECT_TRUE(t.outbox().empty());
  EXPECT_EQ(t.available("A"), 2);
  EXPECT_EQ(t.reserved("A"), 3);
  EXPECT_EQ(t.unsettled().size(), 1U);

  auto other = queued;
  other.reservation_id = t.reservation(9);
  const auto second = t.reserve(other);
  ASSERT_EQ(second.outcome, ReserveOutcome::replayed);
  EXPECT_EQ(second.journal->reservation_id, queued.reservation_id);
  EXPECT_EQ(t.available("A"), 2);
  EXPECT_EQ(t.reserved("A"), 3);
  other.fingerprint = t.fingerprint('b');
  EXPECT_EQ(t.outcome(other), ReserveOutcome::conflict);

  // What it took counts towards the limit of a new order.
  const auto next = t.reserve(t.request(2, {t.units("A", 1)}));
  ASSERT_EQ(next.outcome, ReserveOutcome::limit_exceeded);
  EXPECT_EQ(next.limit->bought.units, 3);
}

TYPED_TEST_P(StockLedgerReserveContract, QueuedOrderIsStillRefusedWhatIsNotThere) {
  auto& t = *this;
  t.open({t.sku("A", 2)});
  auto queued = t.request(1, {t.units("A", 3)});
  queued.append_to_outbox = false;
  EXPECT_EQ(t.outcome(queued), ReserveOutcome::out_of_stock);
  queued.lines = {t.units("X", 1)};
  EXPECT_EQ(t.outcome(queued), ReserveOutcome::unknown_sku);
  queued.lines = {t.units("A", 1)};
  ASSERT_EQ(t.done(t.ledger_->begin_limit_change(t.attempt("A", 1))), ChangeOutcome::applied);
  EXPECT_EQ(t.outcome(queued), ReserveOutcome::busy);
}

// --- purchase limits -------------------------------------------------------------------------

TYPED_TEST_P(StockLedgerReserveContract, LimitCountsPerUserAndSku) {
  auto& t = *this;
  t.open({t.sku("A", 100, 3), t.sku("B", 100)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 2), t.units("B", 50)})), ReserveOutcome::reserved);
  const auto breach = t.reserve(t.request(2, {t.units("B", 50), t.units("A", 2)}));
  ASSERT_EQ(breach.outcome, ReserveOutcome::limit_exceeded);
  ASSERT_TRUE(breach.limit);
  EXPECT_EQ(breach.limit->sku.value, "A");
  EXPECT_EQ(breach.limit->limit.units, 3);
  EXPECT_EQ(breach.limit->bought.units, 2);
  EXPECT_EQ(t.available("B"), 50);
  EXPECT_EQ(t.outcome(t.request(2, {t.units("A", 1)})), ReserveOutcome::reserved);

  auto other_user = t.request(3, {t.units("A", 3)});
  other_user.user_id = UserId{"u-2"};
  EXPECT_EQ(t.outcome(other_user), ReserveOutcome::reserved);
  EXPECT_EQ(t.level("A").purchase_limit, 3);
  EXPECT_FALSE(t.level("B").purchase_limit);
}

TYPED_TEST_P(StockLedgerReserveContract, GivingBackMakesRoomUnderTheLimit) {
  auto& t = *this;
  t.open({t.sku("A", 100, 3)});
  ASSERT_EQ(t.outcome(t.request(1, {t.units("A", 3)})), ReserveOutcome::reserved);
  t.settle({t.mark(1, {t.units("A", 3)})});
  auto kept_off_sale = t.give("c-1", {t.units("A", 1)});
  kept_off_sale.to_available.clear();
  ASSERT_EQ(t.give_back(kept_off_sale), ChangeOutcome::applied);
  EXPECT_EQ(t.available("A"), 97);
  EXPECT_EQ(t.reserve(t.request(2, {t.units("A", 2)})).limit->bought.units, 2);
  EXPECT_EQ(t.outcome(t.request(2, {t.units("A", 1)})), ReserveOutcome::reserved);

  // Two are still bought after three more went back: never below nothing.
  ASSERT_EQ(t.give_back(t.give("c-2", {t.units("A", 5)})), ChangeOutcome::applied);
  EXPECT_EQ(t.reserve(t.request(3, {t.units("A", 4)})).limit->bought.units, 0);
}

TYPED_TEST_P(StockLedgerReserveContract, BusySkuAnswersBusyUntilItsLimitIsSet) {
  auto& t = *this;
  t.open({t.sku("A", 10), t.sku("B", 10)});
  ASSERT_EQ(t.done(t.ledger_->begin_limit_change(t.attempt("A", 1))), ChangeOutcome::applied);
  ASSERT_EQ(t.done(t.ledger_->begin_limit_change(t.attempt("A", 1))), ChangeOutcome::applied);
  EXPECT_EQ(t.outcome(t.request(1, {t.units("B", 1), t.units("A", 1)})), ReserveOutcome::busy);
  EXPECT_EQ(t.give_back(t.give("c-1", {t.units("A", 1)})), ChangeOutcome::busy);
  auto only_on_sale = t.give("c-1", {t.units("A", 1)});
  only_on_sale.to_limit.clear();
  EXPECT_EQ(t.give_back(only_on_sale), ChangeOutcome::busy);
  EXPECT_EQ(t.adjust(t.adjustment("c-2", "A", 1)), ChangeOutcome::applied);
  EXPECT_EQ(t.outcome(t.request(1, {t.units("B", 1)})), ReserveOutcome::reserved);
  EXPECT_FALSE(t.level("A").purchase_limit);

  ASSERT_EQ(t.done(t.ledger_->set_limit(t.attempt("A", 1), 2, {t.bought("u-1", 1)})),
            ChangeOutcome::applied);
  EXPECT_EQ(t.level("A").purchase_limit, 2);
  EXPECT_EQ(t.reserve(t.request(2, {t.units("A", 2)})).limit->bought.units, 1);
  EXPECT_EQ(t.give_back(t.give("c-1", {t.units("A", 1)})), ChangeOutcome::applied);
  EXPECT_EQ(t.outcome(t.request(2, {t.units("A", 2)})), ReserveOutcome::reserved);
}

TYPED_TEST_P(StockLedgerReserveContract, SettingALimitReplacesTheCounts) {
  auto& t = *this;
  auto rebuilt = t.sku("A", 100, 5);
  rebuilt.bought = {t.bought("u-1", 5), t.bought("u-2", 4)};
  t.open({rebuilt});
  EXPECT_EQ(t.reserve(t.request(1, {t.units("A", 1)})).limit->bought.units, 5);

  std::vector<UnitsBought> many;
  for (int i = 0; i < 1'500; ++i) many.push_back(t.bought("v-" + std::to_string(i), 2));
  t.change_limit(t.attempt("A", 1), 2, many);
  EXPECT_EQ(t.outcome(t.request(1, {t.units("A", 2)})), ReserveOutcome::reserved);
  for (const auto* user : {"v-0", "v-499", "v-500", "v-1499"}) {
    auto request = t.request(2, {t.units("A", 1)});
    request.user_id = UserId{user};
    EXPECT_EQ(t.outcome(request), ReserveOutcome::limit_exceeded) << user;
  }

  // No limit: counts are forgotten, and a new limit begins with those it is given.
  t.change_limit(t.attempt("A", 2), std::nullopt, {});
  EXPECT_FALSE(t.level("A").purchase_limit);
  EXPECT_EQ(t.outcome(t.request(3, {t.units("A", 50)})), ReserveOutcome::reserved);
  t.change_limit(t.attempt("A", 3), 2, {});
  EXPECT_EQ(t.outcome(t.request(4, {t.units("A", 2)})), ReserveOutcome::reserved);
}

TYPED_TEST_P(StockLedgerReserveContract, AnAttemptAtALimitThatWasOvertakenChangesNothing) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  const auto begin = [&t](std::int64_t version) {
    return t.done(t.ledger_->begin_limit_change(t.attempt("A", version)));
  };
  const auto set = [&t](std::int64_t version, std::int64_t limit) {
    return t.done(t.ledger_->set_limit(t.attempt("A", version), limit, {}));
  };
  EXPECT_EQ(set(1, 5), ChangeOutcome::refused) << "it never began";
  ASSERT_EQ(begin(2), ChangeOutcome::applied);
  EXPECT_EQ(begin(1), ChangeOutcome::refused);
  EXPECT_EQ(set(1, 5), ChangeOutcome::refused);
  EXPECT_EQ(set(3, 5), ChangeOutcome::refused);
  EXPECT_EQ(t.outcome(t.request(1, {t.units("A", 1)})), ReserveOutcome::busy);
  ASSERT_EQ(set(2, 3), ChangeOutcome::applied);

  EXPECT_EQ(begin(1), ChangeOutcome::refused);
  EXPECT_EQ(begin(2), ChangeOutcome::already_applied);
  EXPECT_EQ(set(1, 5), ChangeOutcome::refused);
  EXPECT_EQ(set(2, 5), ChangeOutcome::already_applied);
  EXPECT_EQ(t.level("A").purchase_limit, 3);
  EXPECT_EQ(t.outcome(t.request(1, {t.units("A", 1)})), ReserveOutcome::reserved);
}

TYPED_TEST_P(StockLedgerReserveContract, ARebuiltLedgerKnowsTheAttemptsItContains) {
  auto& t = *this;
  auto rebuilt = t.sku("A", 10, 3);
  rebuilt.limit_version = 4;
  t.open({rebuilt});
  EXPECT_EQ(t.done(t.ledger_->begin_limit_change(t.attempt("A", 3))), ChangeOutcome::refused);
  EXPECT_EQ(t.done(t.ledger_->begin_limit_change(t.attempt("A", 4))),
            ChangeOutcome::already_applied);
  EXPECT_EQ(t.outcome(t.request(1, {t.units("A", 1)})), ReserveOutcome::reserved);
  EXPECT_EQ(t.done(t.ledger_->begin_limit_change(t.attempt("A", 5))), ChangeOutcome::applied);
}

REGISTER_TYPED_TEST_SUITE_P(StockLedgerReserveContract, NewLedgerIsEmptyAndClosed,
                            ClosedLedgerRefusesWhatWouldChangeStock, ClosedLedgerStillDrains,
                            CallerWithAnotherGenerationIsRefused, ReserveTakesStockAndRecordsIt,
                            PayloadIsKeptByteForByte, RepeatOfTheLastUnitsBuyerIsReplayedNotSoldOut,
                            SameOrderWithOtherContentIsAConflict,
                            RepeatComesBeforeEveryOtherRefusal, RefusalsComeInTheirOrder,
                            ARefusedCartTakesNothing, FullOutboxRefusesAndTakesNothing,
                            CountsLargeNumbersExactly, QueuedOrderTakesStockWithoutAnOutboxEntry,
                            QueuedOrderIsStillRefusedWhatIsNotThere, LimitCountsPerUserAndSku,
                            GivingBackMakesRoomUnderTheLimit, BusySkuAnswersBusyUntilItsLimitIsSet,
                            SettingALimitReplacesTheCounts,
                            AnAttemptAtALimitThatWasOvertakenChangesNothing,
                            ARebuiltLedgerKnowsTheAttemptsItContains);

}  // namespace holdfast::testing
