#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "tests/contract/stock_ledger_fixture.h"

// Part of stock_ledger_contract.h: many calls at once, and long random sequences of calls against
// a model that is too simple to be wrong.

namespace holdfast::testing {

/// What a ledger should answer and hold, in plain maps.
class LedgerModel {
 public:
  struct Taken {
    ReservationId reservation_id;
    std::string fingerprint;
    std::string user;
    std::vector<StockUnits> lines;
    bool settled = false;
  };

  ReserveOutcome reserve(const ReserveRequest& request) {
    if (const auto found = journal.find(request.order_id); found != journal.end()) {
      return found->second.fingerprint == request.fingerprint ? ReserveOutcome::replayed
                                                              : ReserveOutcome::conflict;
    }
    if (outbox >= request.outbox_max) return ReserveOutcome::outbox_full;
    for (const auto& line : request.lines) {
      if (!available.contains(line.sku.value)) return ReserveOutcome::unknown_sku;
    }
    for (const auto& line : request.lines) {
      if (available[line.sku.value] < line.quantity.units) return ReserveOutcome::out_of_stock;
    }
    for (const auto& line : request.lines) {
      const auto limit = limits.find(line.sku.value);
      if (limit == limits.end()) continue;
      const auto had = bought[{line.sku.value, request.user_id.value}];
      if (had + line.quantity.units > limit->second) return ReserveOutcome::limit_exceeded;
    }
    for (const auto& line : request.lines) {
      available[line.sku.value] -= line.quantity.units;
      reserved[line.sku.value] += line.quantity.units;
      bought[{line.sku.value, request.user_id.value}] += line.quantity.units;
    }
    ++outbox;
    journal[request.order_id] = Taken{request.reservation_id, request.fingerprint,
                                      request.user_id.value, request.lines, false};
    return ReserveOutcome::reserved;
  }

  void settle(const SettleMark& mark) {
    const auto found = journal.find(mark.order_id);
    if (found != journal.end() && found->second.reservation_id == mark.reservation_id) {
      leave_reserved(found->second);
    }
  }

  ChangeOutcome give_back(const GiveBack& change) {
    if (!applied.insert(change.change_id).second) return ChangeOutcome::already_applied;
    for (const auto& line : change.to_available) available[line.sku.value] += line.quantity.units;
    for (const auto& line : change.to_limit) {
      auto& count = bought[{line.sku.value, change.user_id.value}];
      count = std::max<std::int64_t>(0, count - line.quantity.units);
    }
    if (change.reservation) {
      const auto found = journal.find(change.reservation->order_id);
      if (found != journal.end() &&
          found->second.reservation_id == change.reservation->reservation_id) {
        leave_reserved(found->second);
      }
    }
    return ChangeOutcome::applied;
  }

  ChangeOutcome adjust(const Adjustment& change) {
    if (applied.contains(change.change_id)) return ChangeOutcome::already_applied;
    if (available[change.sku.value] + change.delta < 0) refused.insert(change.change_id);
    if (refused.contains(change.change_id)) return ChangeOutcome::refused;
    available[change.sku.value] += change.delta;
    applied.insert(change.change_id);
    return ChangeOutcome::applied;
  }

  std::map<std::string, std::int64_t> available;
  std::map<std::string, std::int64_t> reserved;
  std::map<std::string, std::int64_t> limits;
  std::map<std::pair<std::string, std::string>, std::int64_t> bought;
  std::map<OrderId, Taken> journal;
  std::set<ChangeId> applied;
  std::set<ChangeId> refused;
  std::int64_t outbox = 0;

 private:
  void leave_reserved(Taken& taken) {
    if (std::exchange(taken.settled, true)) return;
    for (const auto& line : taken.lines) reserved[line.sku.value] -= line.quantity.units;
  }
};

/// Draws calls. A small world, so that repeats, shortages and limits are frequent.
class LedgerScript {
 public:
  explicit LedgerScript(std::uint64_t seed) : random_(seed) {}

  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  std::string sku() { return "sku-" + std::to_string(pick(0, 3)); }
  std::vector<StockUnits> cart() {
    std::vector<StockUnits> lines;
    for (int i = 0; i < 4; ++i) {
      if (pick(0, 2) == 0) {
        lines.push_back(StockLedgerFixture::units("sku-" + std::to_string(i), pick(1, 4)));
      }
    }
    if (lines.empty()) lines.push_back(StockLedgerFixture::units(sku(), pick(1, 4)));
    return lines;
  }
  ReserveRequest reserve() {
    auto request = StockLedgerFixture::request(number(), cart());
    request.reservation_id = StockLedgerFixture::reservation(next_reservation_++);
    request.fingerprint = StockLedgerFixture::fingerprint(pick(0, 9) == 0 ? 'b' : 'a');
    request.user_id = UserId{"u-" + std::to_string(pick(1, 3))};
    request.outbox_max = 40;
    if (pick(0, 49) == 0) request.lines.push_back(StockLedgerFixture::units("none", 1));
    return request;
  }
  std::uint64_t number() { return static_cast<std::uint64_t>(pick(1, 120)); }
  std::string change() { return "c-" + std::to_string(pick(1, 200)); }

 private:
  std::mt19937_64 random_;
  std::uint64_t next_reservation_ = 1;
};

template <class Factory>
class StockLedgerModelContract : public StockLedgerSuite<Factory> {};

TYPED_TEST_SUITE_P(StockLedgerModelContract);

TYPED_TEST_P(StockLedgerModelContract, LastUnitIsSoldOnce) {
  auto& t = *this;
  t.open({t.sku("A", 1), t.sku("B", 300)});
  auto second_process = t.factory_->attach(t.loop_);
  std::vector<boost::asio::awaitable<PortResult<ReserveResult>>> calls;
  for (std::uint64_t i = 0; i < 200; ++i) {
    auto& ledger = i % 2 == 0 ? *t.ledger_ : *second_process;
    calls.push_back(ledger.reserve(t.request(i, {t.units("A", 1), t.units("B", 1)})));
  }
  std::size_t sold = 0;
  for (const auto& result : t.all(std::move(calls))) {
    if (result.outcome == ReserveOutcome::reserved) {
      ++sold;
    } else {
      EXPECT_EQ(result.outcome, ReserveOutcome::out_of_stock);
    }
  }
  EXPECT_EQ(sold, 1U);
  EXPECT_EQ(t.available("A"), 0);
  EXPECT_EQ(t.available("B"), 299);
  EXPECT_EQ(t.outbox().size(), 1U);
}

TYPED_TEST_P(StockLedgerModelContract, OneOrderPlacedTwiceAtOnceIsReservedOnce) {
  auto& t = *this;
  t.open({t.sku("A", 100)});
  auto second_process = t.factory_->attach(t.loop_);
  std::vector<boost::asio::awaitable<PortResult<ReserveResult>>> calls;
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto request = t.request(1, {t.units("A", 1)});
    request.reservation_id = t.reservation(i);
    auto& ledger = i % 2 == 0 ? *t.ledger_ : *second_process;
    calls.push_back(ledger.reserve(std::move(request)));
  }
  const auto results = t.all(std::move(calls));
  EXPECT_EQ(std::count_if(results.begin(), results.end(),
                          [](const auto& r) { return r.outcome == ReserveOutcome::reserved; }),
            1);
  const auto winner = t.journal(1)->reservation_id;
  for (const auto& result : results) {
    if (result.outcome == ReserveOutcome::reserved) continue;
    EXPECT_EQ(result.outcome, ReserveOutcome::replayed);
    EXPECT_EQ(result.journal->reservation_id, winner);
  }
  EXPECT_EQ(t.available("A"), 99);
}

TYPED_TEST_P(StockLedgerModelContract, OneChangeAppliedTwiceAtOnceCountsOnce) {
  auto& t = *this;
  t.open({t.sku("A", 10)});
  auto second_process = t.factory_->attach(t.loop_);
  std::vector<boost::asio::awaitable<PortResult<ChangeOutcome>>> calls;
  for (int i = 0; i < 20; ++i) {
    auto& ledger = i % 2 == 0 ? *t.ledger_ : *second_process;
    calls.push_back(ledger.give_back(t.give("refund-1", {t.units("A", 1)})));
  }
  const auto results = t.all(std::move(calls));
  EXPECT_EQ(std::count(results.begin(), results.end(), ChangeOutcome::applied), 1);
  EXPECT_EQ(t.available("A"), 11);
}

TYPED_TEST_P(StockLedgerModelContract, RandomCallsKeepExactCounts) {
  auto& t = *this;
  const char* given = std::getenv("HOLDFAST_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("seed %llu (HOLDFAST_TEST_SEED replays it)\n", static_cast<unsigned long long>(seed));
  SCOPED_TRACE("HOLDFAST_TEST_SEED=" + std::to_string(seed));
  LedgerScript script(seed);
  LedgerModel model;
  t.open({t.sku("sku-0", 60), t.sku("sku-1", 60, 6), t.sku("sku-2", 60, 12), t.sku("sku-3", 9)});
  model.available = {{"sku-0", 60}, {"sku-1", 60}, {"sku-2", 60}, {"sku-3", 9}};
  model.limits = {{"sku-1", 6}, {"sku-2", 12}};

  std::map<ReserveOutcome, int> seen;
  for (int step = 0; step < 1'500 && !::testing::Test::HasFailure(); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const auto kind = script.pick(0, 99);
    if (kind < 50) {
      const auto request = script.reserve();
      const auto expected = model.reserve(request);
      ++seen[expected];
      EXPECT_EQ(t.outcome(request), expected);
    } else if (kind < 65) {
      std::vector<SettleMark> marks;
      for (auto count = script.pick(1, 5); count > 0; --count) {
        const auto number = script.number();
        const auto found = model.journal.find(t.order(number));
        if (found == model.journal.end()) continue;
        marks.push_back(t.mark(number, found->second.lines));
        marks.back().reservation_id = found->second.reservation_id;
      }
      for (const auto& mark : marks) model.settle(mark);
      t.settle(marks);
    } else if (kind < 85) {
      // What an order took goes back: as a refund, or as a reservation that is not to be.
      const auto number = script.number();
      const auto found = model.journal.find(t.order(number));
      if (found == model.journal.end()) continue;
      auto back = t.give(script.change(), found->second.lines);
      back.user_id = UserId{found->second.user};
      if (!found->second.settled) {
        back.reservation =
            GiveBack::Unsettled{t.order(number), found->second.reservation_id, t.kHour};
      }
      const auto expected = model.give_back(back);
      EXPECT_EQ(t.give_back(back), expected);
    } else if (kind < 95) {
      const auto change = t.adjustment(script.change(), script.sku(), script.pick(-6, 3));
      const auto expected = model.adjust(change);
      EXPECT_EQ(t.adjust(change), expected);
    } else {
      std::vector<std::string> ids;
      for (const auto& entry : t.outbox("", 20)) ids.push_back(entry.outbox_id);
      t.done(t.ledger_->delete_outbox(ids));
      model.outbox -= static_cast<std::int64_t>(ids.size());
    }
    for (const auto& [sku, units] : model.available) {
      const auto level = t.level(sku);
      EXPECT_EQ(level.available, units) << sku;
      EXPECT_EQ(level.reserved, model.reserved[sku]) << sku;
      EXPECT_GE(units, 0) << sku;
    }
    EXPECT_EQ(t.state().outbox_length, model.outbox);
  }
  // The sequence was worth something: each of these came about.
  for (const auto outcome :
       {ReserveOutcome::reserved, ReserveOutcome::replayed, ReserveOutcome::conflict,
        ReserveOutcome::out_of_stock, ReserveOutcome::limit_exceeded}) {
    EXPECT_GT(seen[outcome], 0) << static_cast<int>(outcome);
  }
  const auto open_orders = std::count_if(model.journal.begin(), model.journal.end(),
                                         [](const auto& entry) { return !entry.second.settled; });
  EXPECT_EQ(t.unsettled().size(), static_cast<std::size_t>(open_orders));
}

REGISTER_TYPED_TEST_SUITE_P(StockLedgerModelContract, LastUnitIsSoldOnce,
                            OneOrderPlacedTwiceAtOnceIsReservedOnce,
                            OneChangeAppliedTwiceAtOnceCountsOnce, RandomCallsKeepExactCounts);

}  // namespace holdfast::testing
