#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "codec/messages.h"
#include "tests/stack/process.h"
#include "tests/support/run_coroutine.h"

namespace holdfast::testing {

inline boost::asio::awaitable<bool> ended(boost::asio::awaitable<void> task) {
  co_await std::move(task);
  co_return true;
}

/// A shop on real servers, driven one step at a time. Helpers throw when what they ask for fails.
class FlowTest : public ::testing::Test {
 protected:
  using Lines = std::vector<std::pair<std::string, std::int64_t>>;
  static constexpr std::int64_t kPrice = 1'000;  // earns ten points
  static constexpr auto kDeadline = std::chrono::seconds(20);

  FlowTest() { start(); }

  /// A new process on the same stores; its guard has looked at the ledger.
  void start(ProcessOptions options = {}) {
    process_ = another_process(std::make_shared<boost::asio::io_context>(1), options);
    step(process_->guard.verify());
  }
  std::unique_ptr<Process> another_process(Process::Loop loop, ProcessOptions options = {}) {
    return std::make_unique<Process>(stores_, clock_, options, std::move(loop));
  }
  /// The process dies, another one takes over.
  void crash(ProcessOptions options = {}) {
    process_.reset();
    start(options);
  }

  template <class T>
  T run(boost::asio::awaitable<T> task) {
    return testing::run(*process_->loop, std::move(task), kDeadline);
  }
  void step(boost::asio::awaitable<void> task) { run(ended(std::move(task))); }
  /// A step in which the process dies, as the test has arranged.
  void dies(boost::asio::awaitable<void> task) { EXPECT_THROW(step(std::move(task)), Crash); }
  template <class T, class E>
  T done(boost::asio::awaitable<tl::expected<T, E>> task) {
    auto result = run(std::move(task));
    if (!result) throw std::runtime_error("a call failed: " + result.error().detail);
    if constexpr (!std::is_void_v<T>) return *std::move(result);
  }
  template <class Condition>
  [[nodiscard]] bool eventually(Condition condition) {
    return run_until(*process_->loop, condition, kDeadline);
  }
  Faults& faults() { return process_->faults; }

  /// The ledger's first generation, and these SKUs with these units.
  void open_shop(const Lines& stock) {
    rebuild();
    for (const auto& [sku, units] : stock) set_stock(sku, units);
    faults().forget_calls();
  }
  void rebuild() {
    ASSERT_TRUE(done(process_->rebuild.run("a test")));
    step(process_->guard.verify());
    ASSERT_TRUE(process_->guard.generation()) << process_->guard.closed_because();
  }
  void set_stock(const std::string& sku, std::int64_t units,
                 std::optional<std::optional<std::int64_t>> limit = std::nullopt) {
    flows::SetStock command{Sku{sku}, units, limit};
    const auto answer = done(process_->desk.set(std::move(command)));
    ASSERT_EQ(answer.outcome, flows::StockDeskOutcome::done);
  }

  static OrderRequest order_request(const std::string& user, const Lines& lines) {
    OrderRequest request;
    request.user_id = UserId{user};
    request.currency = Currency{"CNY"};
    for (const auto& [sku, units] : lines) {
      request.lines.push_back({Sku{sku}, Quantity{units}, Money{kPrice}});
    }
    return request;
  }
  flows::PlaceAnswer try_place(const std::string& user, const Lines& lines,
                               std::optional<OrderId> id = std::nullopt) {
    flows::PlaceCommand command;
    command.request = order_request(user, lines);
    command.order_id = id.value_or(OrderId{process_->ids.next()});
    command.id_from_client = id.has_value();
    return run(process_->admission.place(std::move(command)));
  }
  OrderId place(const std::string& user, const Lines& lines,
                std::optional<OrderId> id = std::nullopt) {
    const auto answer = try_place(user, lines, id);
    if (answer.outcome != flows::PlaceOutcome::accepted) {
      throw std::runtime_error("an order was not accepted: " + answer.detail);
    }
    return answer.order_id;
  }

  std::vector<Delivery> receive(const QueueName& queue) {
    return run(process_->bus.receive(queue, {64, Milliseconds{2}}));
  }
  /// This many messages, or more.
  std::vector<Delivery> take(const QueueName& queue, std::size_t messages) {
    std::vector<Delivery> all;
    while (all.size() < messages) {
      auto some = receive(queue);
      std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    return all;
  }
  static std::size_t orders_in(const std::string& body) {
    const auto orders = codec::orders_from_message(body);
    return orders ? orders->size() : 0;
  }
  /// Messages that hold this many orders, or more.
  std::vector<Delivery> take_orders(std::size_t orders) {
    std::vector<Delivery> all;
    for (std::size_t found = 0; found < orders;) {
      for (auto& delivery : receive(queues::orders)) {
        found += orders_in(delivery.body);
        all.push_back(std::move(delivery));
      }
    }
    return all;
  }
  /// The publisher has nothing more to do, so that a fault meets what the test means it for.
  [[nodiscard]] bool outbox_empty() {
    return eventually([&] { return ledger_state().outbox_length == 0; });
  }
  void settle(std::size_t orders = 1) { step(process_->settlement.handle(take_orders(orders))); }
  /// The sweep comes when it may take what nobody has brought on.
  void sweep_later(Milliseconds later = Milliseconds{10'000}) {
    clock_.advance(later);
    step(process_->sweep.sweep_once());
  }
  OrderId place_and_settle(const std::string& user, const Lines& lines) {
    const auto id = place(user, lines);
    settle();
    return id;
  }

  std::optional<Order> order(OrderId id) {
    auto found = done(process_->book.find_order(id));
    return found ? std::optional(std::move(found->order)) : std::nullopt;
  }
  OrderStatus status(OrderId id) {
    const auto found = order(id);
    return found ? found->status : OrderStatus::accepted;
  }
  SkuLevel level(const std::string& sku) {
    std::vector<Sku> skus{Sku{sku}};
    return done(process_->ledger.levels(std::move(skus))).at(0);
  }
  std::int64_t available(const std::string& sku) { return level(sku).available.value(); }
  StockRow stock(const std::string& sku) {
    return done(process_->book.find_stock(Sku{sku})).value();
  }
  LedgerState ledger_state() { return done(process_->ledger.state()); }
  std::int64_t points(const std::string& user) {
    return done(process_->book.find_points(UserId{user}, 1)).balance;
  }
  /// What the ledger counts towards a limit.
  std::string bought(const std::string& sku, const std::string& user) {
    return stores_.ask_redis({"HGET", stores_.redis_key("bought:" + sku), user});
  }
  std::vector<ParkedMessage> parked() { return done(process_->book.list_parked({}, {})).items; }
  /// Ledger and book agree and nothing is on its way (I2).
  void expect_at_rest() {
    const auto report = done(process_->reconciliation.report());
    EXPECT_TRUE(report.balanced);
    for (const auto& balance : report.skus) {
      EXPECT_EQ(balance.difference, 0) << balance.sku.value;
      EXPECT_EQ(balance.reserved, 0) << balance.sku.value;
      EXPECT_EQ(balance.in_transit, 0) << balance.sku.value;
    }
    EXPECT_EQ(report.in_flight.unsettled, 0);
    EXPECT_EQ(report.in_flight.outbox, 0);
    EXPECT_EQ(report.in_flight.unreleased_refunds, 0);
    EXPECT_EQ(report.in_flight.pending_changes, 0);
  }

  /// From now on the book refuses rows of `table` for which `condition` (over `new`) holds.
  void book_refuses(const std::string& table, const std::string& condition) {
    stores_.ask_book(
        "create or replace function made_to_refuse() returns trigger language plpgsql as $$ begin "
        "raise exception using errcode = 'check_violation', message = 'made to refuse'; end $$; "
        "create trigger made_to_refuse before insert or update on " +
        table + " for each row when (" + condition + ") execute function made_to_refuse()");
  }
  void book_refuses_no_more(const std::string& table) {
    stores_.ask_book("drop trigger made_to_refuse on " + table);
  }
  /// The recorder stores parked messages until there are this many.
  [[nodiscard]] bool record_parked(std::size_t messages) {
    async::spawn(process_->loop->get_executor(), process_->parked.record(), "the recorder");
    const bool recorded = eventually([&] { return parked().size() == messages; });
    clock_.advance(Milliseconds{1});  // an operator comes later
    return recorded;
  }

  ScratchStores stores_{waits_of_tests(), step_waits_of_tests(), worker_queues_of_tests()};
  TestClock clock_;
  std::unique_ptr<Process> process_;
};

}  // namespace holdfast::testing
