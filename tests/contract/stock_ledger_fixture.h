#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ports/stock_ledger.h"
#include "tests/support/run_coroutine.h"

namespace holdfast::testing {

/// What an adapter gives to the contract suite. One object lives for one test.
class StockLedgerFactory {
 public:
  virtual ~StockLedgerFactory() = default;
  /// Called once, first: a ledger on an empty store, closed, ready to be called.
  virtual std::unique_ptr<StockLedger> make(boost::asio::io_context& loop) = 0;
  /// One more ledger on the same store, as a second process would have it.
  virtual std::unique_ptr<StockLedger> attach(boost::asio::io_context& loop) = 0;
};

/// Words for the tests: each helper makes one call, waits for it, and fails the test when the call
/// fails. Ids are numbers; the same number is the same id.
class StockLedgerFixture : public ::testing::Test {
 public:
  static constexpr auto kGeneration = "generation-1";
  static constexpr Instant kNoon{Milliseconds{1'700'000'000'000}};
  static constexpr Instant kFarFuture{Milliseconds{9'000'000'000'000}};
  static constexpr Milliseconds kHour{3'600'000};

  template <class T>
  T done(boost::asio::awaitable<PortResult<T>> call) {
    auto result = run(loop_, std::move(call));
    if (!result) throw std::runtime_error("a call failed: " + result.error().detail);
    if constexpr (!std::is_void_v<T>) return *std::move(result);
  }

  static Uuid uuid(std::uint8_t kind, std::uint64_t number) {
    Uuid id;
    id.bytes[0] = kind;
    for (std::size_t i = 0; i < 8; ++i) {
      id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return id;
  }
  static OrderId order(std::uint64_t number) { return OrderId{uuid(0xaa, number)}; }
  static ReservationId reservation(std::uint64_t number) {
    return ReservationId{uuid(0xbb, number)};
  }
  static std::string fingerprint(char digit) { return std::string(64, digit); }
  static StockUnits units(const std::string& sku, std::int64_t count) {
    return StockUnits{Sku{sku}, Quantity{count}};
  }
  static RebuiltSku sku(const std::string& name, std::int64_t available) {
    RebuiltSku rebuilt;
    rebuilt.sku = Sku{name};
    rebuilt.available = available;
    return rebuilt;
  }
  static RebuiltSku sku(const std::string& name, std::int64_t available, std::int64_t limit) {
    auto rebuilt = sku(name, available);
    rebuilt.purchase_limit = limit;
    return rebuilt;
  }
  static UnitsBought bought(const std::string& user, std::int64_t count) {
    return UnitsBought{UserId{user}, Quantity{count}};
  }

  /// An order's first attempt: order N under reservation N.
  static ReserveRequest request(std::uint64_t number, std::vector<StockUnits> lines) {
    ReserveRequest request;
    request.generation = kGeneration;
    request.order_id = order(number);
    request.reservation_id = reservation(number);
    request.fingerprint = fingerprint('a');
    request.user_id = UserId{"u-1"};
    request.lines = std::move(lines);
    request.payload = R"({"order":)" + std::to_string(number) + "}";
    request.at = kNoon + Milliseconds{static_cast<std::int64_t>(number)};
    request.outbox_max = 1'000'000;
    return request;
  }
  static SettleMark mark(std::uint64_t number, std::vector<StockUnits> lines) {
    return SettleMark{order(number), reservation(number), std::move(lines), kHour};
  }
  static GiveBack give(const std::string& change, std::vector<StockUnits> lines) {
    GiveBack back;
    back.generation = kGeneration;
    back.change_id = ChangeId{change};
    back.user_id = UserId{"u-1"};
    back.to_available = lines;
    back.to_limit = std::move(lines);
    return back;
  }
  static GiveBack release(const std::string& change, std::uint64_t order_number,
                          std::uint64_t reservation_number, std::vector<StockUnits> lines) {
    auto back = give(change, std::move(lines));
    back.reservation =
        GiveBack::Unsettled{order(order_number), reservation(reservation_number), kHour};
    return back;
  }
  static Adjustment adjustment(const std::string& change, const std::string& name,
                               std::int64_t delta) {
    return Adjustment{kGeneration, ChangeId{change}, Sku{name}, delta};
  }

  static LimitAttempt attempt(const std::string& name, std::int64_t version) {
    return LimitAttempt{Sku{name}, version};
  }

  /// Closes, and opens with these SKUs and nothing else.
  void open(std::vector<RebuiltSku> skus, const std::string& generation = kGeneration) {
    RebuiltLedger ledger;
    ledger.generation = generation;
    ledger.skus = std::move(skus);
    ledger.journal_retention = kHour;
    rebuild(std::move(ledger));
  }
  void rebuild(RebuiltLedger ledger) {
    done(ledger_->close());
    done(ledger_->rebuild(std::move(ledger)));
  }

  ReserveResult reserve(ReserveRequest request) {
    return done(ledger_->reserve(std::move(request)));
  }
  ReserveOutcome outcome(ReserveRequest request) { return reserve(std::move(request)).outcome; }
  ChangeOutcome give_back(GiveBack change) { return done(ledger_->give_back(std::move(change))); }
  ChangeOutcome adjust(Adjustment change) { return done(ledger_->adjust(std::move(change))); }
  void change_limit(const LimitAttempt& attempt, std::optional<std::int64_t> limit,
                    std::vector<UnitsBought> bought) {
    ASSERT_EQ(done(ledger_->begin_limit_change(attempt)), ChangeOutcome::applied);
    ASSERT_EQ(done(ledger_->set_limit(attempt, limit, std::move(bought))), ChangeOutcome::applied);
  }
  void settle(std::vector<SettleMark> marks) { done(ledger_->settle(std::move(marks))); }
  LedgerState state() { return done(ledger_->state()); }
  std::optional<JournalEntry> journal(std::uint64_t number) {
    return done(ledger_->find_journal(order(number)));
  }
  std::vector<OutboxEntry> outbox(const std::string& after = "", std::size_t limit = 10'000) {
    return done(ledger_->read_outbox(after, kFarFuture, limit));
  }
  std::vector<JournalEntry> unsettled(Instant not_after = kFarFuture, std::size_t limit = 10'000) {
    return done(ledger_->read_unsettled(not_after, limit));
  }
  SkuLevel level(const std::string& name) {
    std::vector<Sku> skus{Sku{name}};
    auto levels = done(ledger_->levels(std::move(skus)));
    if (levels.size() != 1 || levels[0].sku.value != name) {
      throw std::runtime_error("levels did not answer for the SKU that was asked");
    }
    return levels[0];
  }
  std::int64_t available(const std::string& name) { return level(name).available.value(); }
  std::int64_t reserved(const std::string& name) { return level(name).reserved; }

  /// Makes all calls at once and returns their results when the last has ended.
  template <class T>
  std::vector<T> all(std::vector<boost::asio::awaitable<PortResult<T>>> calls) {
    std::vector<T> results;
    std::size_t ended = 0;
    const auto count = calls.size();
    for (auto& call : calls) {
      boost::asio::co_spawn(loop_, std::move(call),
                            [&](std::exception_ptr thrown, PortResult<T> result) {
                              ++ended;
                              if (!thrown && result) results.push_back(*std::move(result));
                            });
    }
    loop_.restart();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (ended < count && std::chrono::steady_clock::now() < until) loop_.run_one_until(until);
    if (results.size() != count) throw std::runtime_error("of calls at once, some failed");
    return results;
  }

  boost::asio::io_context loop_{1};
  std::unique_ptr<StockLedgerFactory> factory_;
  std::unique_ptr<StockLedger> ledger_;
};

/// The fixture with an adapter's ledger in it.
template <class Factory>
class StockLedgerSuite : public StockLedgerFixture {
 protected:
  void SetUp() override {
    factory_ = std::make_unique<Factory>();
    ledger_ = factory_->make(loop_);
  }
  void TearDown() override {
    ledger_.reset();
    factory_.reset();
  }
};

}  // namespace holdfast::testing
