#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ports/order_book.h"
#include "tests/support/run_coroutine.h"

namespace holdfast::testing {

/// What an adapter gives to the contract suite. One object lives for one test.
class OrderBookFactory {
 public:
  virtual ~OrderBookFactory() = default;
  /// Called once, first: a book on an empty store, ready to be called.
  virtual std::unique_ptr<OrderBook> make(boost::asio::io_context& loop) = 0;
  /// One more book on the same store, as a second process would have it.
  virtual std::unique_ptr<OrderBook> attach(boost::asio::io_context& loop) = 0;
  /// The same, configured so that points that are taken back stop at a balance of zero.
  virtual std::unique_ptr<OrderBook> attach_with_points_floor(boost::asio::io_context& loop) = 0;
};

using MakeOrderBookFactory = std::unique_ptr<OrderBookFactory> (*)();

/// Words for the tests. `done` makes one call, waits for it, and throws (which fails the test) when
/// the call fails; `error_of` wants it to fail. Ids are numbers; the same number is the same id.
class OrderBookFixture : public ::testing::Test {
 public:
  static constexpr auto kGeneration = "generation-1";
  static constexpr Instant kNoon{Milliseconds{1'700'000'000'123}};
  static constexpr Instant kFarFuture{Milliseconds{9'000'000'000'000}};
  static constexpr Milliseconds kSecond{1'000};

  template <class T>
  T done(boost::asio::awaitable<PortResult<T>> call) {
    auto result = run(loop_, std::move(call));
    if (!result) {
      throw std::runtime_error("a call failed: " + std::string(to_string(result.error().kind)) +
                               ", " + result.error().detail);
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
  }
  template <class T>
  PortError error_of(boost::asio::awaitable<PortResult<T>> call) {
    auto result = run(loop_, std::move(call));
    if (result) throw std::runtime_error("a call succeeded that had to fail");
    return result.error();
  }
  /// The store refused it and nothing of it happened.
  template <class T>
  void expect_constraint(boost::asio::awaitable<PortResult<T>> call) {
    const auto error = error_of(std::move(call));
    EXPECT_EQ(to_string(error.kind), to_string(PortErrorKind::constraint)) << error.detail;
    EXPECT_EQ(to_string(error.effect), to_string(Effect::none)) << error.detail;
  }

  static Uuid uuid(std::uint8_t kind, std::uint64_t number) {
    Uuid id;
    id.bytes[0] = kind;
    for (std::size_t i = 0; i < 8; ++i) {
      id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return id;
  }
  static OrderId order_id(std::uint64_t number) { return OrderId{uuid(0xaa, number)}; }
  static ReservationId reservation_id(std::uint64_t number) {
    return ReservationId{uuid(0xbb, number)};
  }
  static RefundId refund_id(std::uint64_t number) { return RefundId{uuid(0xcc, number)}; }
  static Instant at(std::int64_t seconds) { return kNoon + kSecond * seconds; }

  static OrderLine line(const std::string& sku, std::int64_t quantity) {
    OrderLine line;
    line.sku = Sku{sku};
    line.quantity = Quantity{quantity};
    line.unit_price = Money{1'000};
    return line;
  }
  static Step step(const std::string& name, StepKind kind, StepStatus status) {
    Step step;
    step.name = StepName{name};
    step.kind = kind;
    step.status = status;
    step.updated_at = kNoon;
    return step;
  }

  /// Order N under reservation N, of 1 unit of "sku" by "u-1" unless said otherwise, with one
  /// remote step to be done. Placed at kNoon + N seconds.
  static Order order(std::uint64_t number, std::vector<OrderLine> lines = {line("sku", 1)},
                     const std::string& user = "u-1") {
    Order order;
    order.id = order_id(number);
    order.reservation_id = reservation_id(number);
    order.fingerprint = std::string(62, 'a') + "0f";
    order.user_id = UserId{user};
    order.currency = Currency{"CNY"};
    order.amount = amount_of(lines);
    order.lines = std::move(lines);
    order.plan = PlanName{"default"};
    order.plan_version = "0123456789ab";
    order.status = OrderStatus::processing;
    order.steps = {step("stock", StepKind::stock, StepStatus::done),
                   step("payment", StepKind::http, StepStatus::pending)};
    order.points_earned = order.amount.minor / 100;
    order.placed_at = at(static_cast<std::int64_t>(number));
    return order;
  }
  static Order completed(Order order) {
    order.status = OrderStatus::completed;
    order.completed_at = order.placed_at + kSecond;
    return order;
  }
  /// Cancelled, its stock not yet back in the ledger.
  static Order cancelled(Order order) {
    order.status = OrderStatus::cancelled;
    order.reason = CancelReason::timed_out;
    order.stock_released = false;
    return order;
  }
  /// As an order is while only the ledger has it.
  static Order accepted(Order order) {
    order.status = OrderStatus::accepted;
    for (auto& one : order.steps) one.status = StepStatus::pending;
    return order;
  }

  static StockMovement sale(const Order& order, const OrderLine& line) {
    StockMovement movement;
    movement.sku = line.sku;
    movement.delta = -line.quantity.units;
    movement.sold = line.quantity.units;
    movement.kind = MovementKind::order;
    movement.cause_id = order.id.to_string();
    movement.at = order.placed_at;
    return movement;
  }
  /// An order with its stock, and its points when there are any.
  static Settlement settlement(Order order, const std::string& generation = kGeneration,
                               const std::string& outbox_id = "1700000000000-1") {
    Settlement settlement;
    settlement.generation = generation;
    settlement.outbox_id = outbox_id;
    for (const auto& one : order.lines) settlement.stock.push_back(sale(order, one));
    if (order.points_earned != 0) {
      PointsMovement points;
      points.user_id = order.user_id;
      points.delta = order.points_earned;
      points.cause_id = order.id.to_string();
      points.at = order.placed_at;
      settlement.points.push_back(std::move(points));
    }
    settlement.order = std::move(order);
    return settlement;
  }
  static std::vector<Settlement> batch_of(std::vector<Order> orders) {
    std::vector<Settlement> batch;
    for (auto& one : orders) batch.push_back(settlement(std::move(one)));
    return batch;
  }

  /// Refund N of an order, of one unit of "sku", held.
  static Refund refund(std::uint64_t number, const OrderId& order) {
    Refund refund;
    refund.id = refund_id(number);
    refund.order_id = order;
    refund.fingerprint = std::string(64, 'c');
    refund.status = RefundStatus::waiting;
    refund.amount = Money{1'000};
    RefundLine line;
    line.sku = Sku{"sku"};
    line.quantity = Quantity{1};
    line.restock = false;
    refund.lines = {line};
    refund.whole = false;
    refund.when_incomplete = WhenIncomplete::preempt;
    refund.reason = "too \"big\" \xe5\xa4\xaa\xe5\xa4\xa7";
    refund.checks = 2;
    refund.next_check_at = at(30);
    RefundStep step;
    step.name = StepName{"payment"};
    step.attempts = 3;
    step.error = "503";
    step.updated_at = kNoon;
    refund.steps = {step};
    refund.requested_at = at(static_cast<std::int64_t>(number));
    return refund;
  }

  void begin_generation(const std::string& name = kGeneration) {
    done(book_->begin_generation(name, kNoon, 0));
  }
  /// Puts `units` of a SKU in stock, as applied.
  void load(const std::string& sku, std::int64_t units) {
    BeginStockChange change;
    change.change_id = ChangeId{"load-" + sku + "-" + std::to_string(++loads_)};
    change.sku = Sku{sku};
    change.set_on_hand = units;
    change.create_if_missing = true;
    change.at = kNoon;
    const auto begun = done(book_->begin_stock_change(change));
    if (begun.outcome != BeginStockChangeOutcome::begun) throw std::runtime_error("not loaded");
    done(book_->finish_stock_change(change.change_id, true));
  }
  /// A book that is ready to settle, with 1,000 units of "sku".
  void open() {
    begin_generation();
    load("sku", 1'000);
  }

  SettleResult settle(std::vector<Settlement> batch) {
    return done(book_->settle(std::move(batch)));
  }
  SettleResult settle(Order order) {
    std::vector<Order> orders;
    orders.push_back(std::move(order));
    return settle(batch_of(std::move(orders)));
  }
  SettleOutcome outcome(Settlement settlement) {
    std::vector<Settlement> batch;
    batch.push_back(std::move(settlement));
    return settle(std::move(batch)).reports.at(0).outcome;
  }
  std::optional<OrderAggregate> find(std::uint64_t number) {
    return done(book_->find_order(order_id(number)));
  }
  StockRow stock(const std::string& sku) {
    const auto row = done(book_->find_stock(Sku{sku}));
    if (!row) throw std::runtime_error("no such SKU: " + sku);
    return *row;
  }
  static LimitAttempt attempt(const std::string& sku, std::int64_t version) {
    return LimitAttempt{Sku{sku}, version};
  }
  std::vector<JournalRow> journal(const std::string& sku) {
    return done(book_->list_stock_journal(Sku{sku}, PageRequest{200, std::nullopt})).items;
  }
  std::int64_t points(const std::string& user) {
    return done(book_->find_points(UserId{user}, 10)).balance;
  }
  static PointsMovement points_of(const std::string& user, std::int64_t delta,
                                  std::uint64_t refund_number = 1) {
    PointsMovement movement;
    movement.user_id = UserId{user};
    movement.delta = delta;
    movement.kind = MovementKind::refund;
    movement.cause_id = refund_id(refund_number).to_string();
    movement.at = at(static_cast<std::int64_t>(60 + refund_number));
    return movement;
  }
  static std::vector<OrderRef> refs(std::vector<std::uint64_t> numbers) {
    std::vector<OrderRef> all;
    for (const auto number : numbers) all.push_back(OrderRef{order_id(number), std::nullopt});
    return all;
  }
  std::vector<OrderAggregate> update(std::vector<OrderRef> orders, OrderDecision decide) {
    return done(book_->update(std::move(orders), std::move(decide)));
  }
  /// Writes refunds of an order that is in the book.
  void write_refunds(std::uint64_t order_number, std::vector<Refund> refunds) {
    update(refs({order_number}), [&refunds](const OrderAggregate&) {
      OrderChange change;
      change.refunds = refunds;
      return change;
    });
  }

  /// Writes what a change says besides its order.
  void write(std::uint64_t order_number, OrderChange change) {
    update(refs({order_number}), [&change](const OrderAggregate&) { return change; });
  }

  /// Makes all calls at once and returns their results when the last has ended.
  template <class T>
  std::vector<PortResult<T>> all(std::vector<boost::asio::awaitable<PortResult<T>>> calls) {
    std::vector<PortResult<T>> results(calls.size());
    std::size_t ended = 0;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      boost::asio::co_spawn(loop_, std::move(calls[i]),
                            [&results, &ended, i](std::exception_ptr thrown, PortResult<T> result) {
                              if (!thrown) results[i] = std::move(result);
                              ++ended;
                            });
    }
    loop_.restart();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (ended < calls.size() && std::chrono::steady_clock::now() < until) {
      loop_.run_one_until(until);
    }
    if (ended < calls.size()) throw std::runtime_error("calls have not ended within the deadline");
    return results;
  }

  boost::asio::io_context loop_{1};
  std::unique_ptr<OrderBookFactory> factory_;
  std::unique_ptr<OrderBook> book_;

 private:
  int loads_ = 0;
};

/// The fixture with an adapter's book in it.
class OrderBookSuite : public OrderBookFixture,
                       public ::testing::WithParamInterface<MakeOrderBookFactory> {
 protected:
  void SetUp() override {
    factory_ = GetParam()();
    book_ = factory_->make(loop_);
  }
  void TearDown() override {
    book_.reset();
    factory_.reset();
  }
};

}  // namespace holdfast::testing
