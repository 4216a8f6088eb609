#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

/// The real adapters with faults between them and the flows.
namespace holdfast::testing {

/// The process dies at a call. No flow catches it: it leaves the flow, which is then thrown away.
struct Crash : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Fault {
  none,
  crash_before,  ///< the call is not made
  crash_after,   ///< the call is made, its result is seen by nobody
  fail_before,   ///< Effect::none
  fail_after,    ///< made, but answered with Effect::unknown
};

/// What is to go wrong with the calls of one process, and which it has made. On one loop.
class Faults {
 public:
  /// The next call of this name, as in `book.settle`, goes wrong; asked twice, the next two.
  void next(const std::string& call, Fault fault) { faults_[call].push_back(fault); }
  /// Calls of this name wait before they begin, until `let_go`.
  void hold(const std::string& call) { held_.insert(call); }
  void let_go(const std::string& call) { held_.erase(call); }
  [[nodiscard]] bool is_held(const std::string& call) const { return held_.contains(call); }

  Fault begin(const std::string& call) {
    calls_.push_back(call);
    auto& planned = faults_[call];
    if (planned.empty()) return Fault::none;
    const auto fault = planned.front();
    planned.pop_front();
    return fault;
  }
  /// Calls that change something, in the order begun.
  [[nodiscard]] const std::vector<std::string>& calls() const { return calls_; }
  [[nodiscard]] int count(const std::string& call) const {
    int found = 0;
    for (const auto& made : calls_) found += made == call ? 1 : 0;
    return found;
  }
  void forget_calls() { calls_.clear(); }

 private:
  std::map<std::string, std::deque<Fault>> faults_;
  std::set<std::string> held_;
  std::vector<std::string> calls_;
};

inline boost::asio::awaitable<void> pause_1_ms() {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                  std::chrono::milliseconds(1));
  co_await timer.async_wait(boost::asio::use_awaitable);
}

template <class T>
boost::asio::awaitable<PortResult<T>> through(Faults& faults, std::string call,
                                              boost::asio::awaitable<PortResult<T>> inner) {
  const auto fault = faults.begin(call);
  while (faults.is_held(call)) co_await pause_1_ms();
  PortError made_to_fail;
  made_to_fail.detail = call + " was made to fail";
  if (fault == Fault::crash_before) throw Crash("before " + call);
  if (fault == Fault::fail_before) {
    made_to_fail.effect = Effect::none;
    co_return tl::unexpected(std::move(made_to_fail));
  }
  auto result = co_await std::move(inner);
  if (fault == Fault::crash_after) throw Crash("after " + call);
  if (fault == Fault::fail_after) {
    made_to_fail.kind = PortErrorKind::timed_out;
    co_return tl::unexpected(std::move(made_to_fail));
  }
  co_return result;
}

/// Stands still but for tests and sleeps, which move it on; a sleep takes a millisecond only.
class TestClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  boost::asio::awaitable<void> sleep(Milliseconds duration) override {
    now_ += duration;
    co_await pause_1_ms();
  }
  void advance(Milliseconds by) { now_ += by; }

 private:
  Instant now_ = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
};

class FaultyLedger final : public StockLedger {
 public:
  FaultyLedger(StockLedger& inner, Faults& faults) : inner_(inner), faults_(faults) {}

  template <class T>
  using Answer = boost::asio::awaitable<PortResult<T>>;

  Answer<ReserveResult> reserve(ReserveRequest r) override {
    return through(faults_, "ledger.reserve", inner_.reserve(std::move(r)));
  }
  Answer<std::optional<JournalEntry>> find_journal(OrderId id) override {
    return inner_.find_journal(id);
  }
  Answer<std::vector<OutboxEntry>> read_outbox(std::string after, Instant not_after,
                                               std::size_t limit) override {
    return inner_.read_outbox(std::move(after), not_after, limit);
  }
  Answer<void> delete_outbox(std::vector<std::string> ids) override {
    return through(faults_, "ledger.delete_outbox", inner_.delete_outbox(std::move(ids)));
  }
  Answer<void> settle(std::vector<SettleMark> marks) override {
    return through(faults_, "ledger.settle", inner_.settle(std::move(marks)));
  }
  Answer<std::vector<JournalEntry>> read_unsettled(Instant not_after, std::size_t limit) override {
    return inner_.read_unsettled(not_after, limit);
  }
  Answer<ChangeOutcome> give_back(GiveBack change) override {
    return through(faults_, "ledger.give_back", inner_.give_back(std::move(change)));
  }
  Answer<ChangeOutcome> adjust(Adjustment change) override {
    return through(faults_, "ledger.adjust", inner_.adjust(std::move(change)));
  }
  Answer<ChangeOutcome> begin_limit_change(LimitAttempt attempt) override {
    return through(faults_, "ledger.begin_limit_change",
                   inner_.begin_limit_change(std::move(attempt)));
  }
  Answer<ChangeOutcome> set_limit(LimitAttempt attempt, std::optional<std::int64_t> limit,
                                  std::vector<UnitsBought> bought) override {
    return through(faults_, "ledger.set_limit",
                   inner_.set_limit(std::move(attempt), limit, std::move(bought)));
  }
  Answer<std::vector<ChangeId>> find_applied(std::vector<ChangeId> changes) override {
    return inner_.find_applied(std::move(changes));
  }
  Answer<std::vector<SkuLevel>> levels(std::vector<Sku> skus) override {
    return inner_.levels(std::move(skus));
  }
  Answer<std::vector<SkuLevel>> all_levels() override { return inner_.all_levels(); }
  Answer<LedgerState> state() override { return inner_.state(); }
  Answer<void> close() override { return through(faults_, "ledger.close", inner_.close()); }
  Answer<void> rebuild(RebuiltLedger ledger) override {
    return through(faults_, "ledger.rebuild", inner_.rebuild(std::move(ledger)));
  }
  [[nodiscard]] bool connected() const override { return inner_.connected(); }
  void on_connection(std::function<void(bool connected)> listener) override {
    inner_.on_connection(std::move(listener));
  }

 private:
  StockLedger& inner_;  // HELD NOT OWNED
  Faults& faults_;      // HELD NOT OWNED
};

class FaultyBook final : public OrderBook {
 public:
  FaultyBook(OrderBook& inner, Faults& faults) : inner_(inner), faults_(faults) {}

  template <class T>
  using Answer = boost::asio::awaitable<PortResult<T>>;
  using Limit = std::optional<std::int64_t>;

  Answer<SettleResult> settle(SettlementBatch batch) override {
    return through(faults_, "book.settle", inner_.settle(std::move(batch)));
  }
  Answer<std::vector<OrderAggregate>> update(std::vector<OrderRef> orders,
                                             OrderDecision decide) override {
    return through(faults_, "book.update", inner_.update(std::move(orders), std::move(decide)));
  }
  Answer<std::optional<OrderAggregate>> find_order(OrderId id) override {
    return inner_.find_order(id);
  }
  Answer<std::vector<OrderId>> known_orders(std::vector<OrderId> ids) override {
    return inner_.known_orders(std::move(ids));
  }
  Answer<std::vector<OrderId>> parked_orders(std::vector<OrderId> ids) override {
    return inner_.parked_orders(std::move(ids));
  }
  Answer<Page<OrderAggregate>> list_orders(OrderFilter filter, PageRequest page) override {
    return inner_.list_orders(std::move(filter), std::move(page));
  }
  Answer<std::optional<Refund>> find_refund(RefundId id) override { return inner_.find_refund(id); }
  Answer<Page<Refund>> list_refunds(RefundFilter filter, PageRequest page) override {
    return inner_.list_refunds(filter, std::move(page));
  }
  Answer<std::vector<Refund>> due_refunds(Instant now, std::size_t limit) override {
    return inner_.due_refunds(now, limit);
  }
  Answer<std::vector<Unreleased>> unreleased_refunds(Instant before, std::size_t limit) override {
    return inner_.unreleased_refunds(before, limit);
  }
  Answer<std::vector<OrderId>> due_orders(Instant now, std::size_t limit) override {
    return inner_.due_orders(now, limit);
  }
  Answer<std::vector<Order>> unreleased_orders(Instant before, std::size_t limit) override {
    return inner_.unreleased_orders(before, limit);
  }
  Answer<void> mark_orders_released(std::vector<OrderId> ids) override {
    return through(faults_, "book.mark_orders_released",
                   inner_.mark_orders_released(std::move(ids)));
  }
  Answer<void> store_plans(std::vector<Plan> plans) override {
    return inner_.store_plans(std::move(plans));
  }
  Answer<std::vector<Plan>> stored_plans() override { return inner_.stored_plans(); }
  Answer<std::vector<Event>> pending_events(std::size_t limit) override {
    return inner_.pending_events(limit);
  }
  Answer<void> delete_events(std::vector<Uuid> ids) override {
    return through(faults_, "book.delete_events", inner_.delete_events(std::move(ids)));
  }
  Answer<void> mark_released(std::vector<RefundId> ids) override {
    return through(faults_, "book.mark_released", inner_.mark_released(std::move(ids)));
  }
  Answer<BeginStockChangeResult> begin_stock_change(BeginStockChange request) override {
    return through(faults_, "book.begin_stock_change",
                   inner_.begin_stock_change(std::move(request)));
  }
  Answer<void> finish_stock_change(ChangeId id, bool applied) override {
    return through(faults_, "book.finish_stock_change",
                   inner_.finish_stock_change(std::move(id), applied));
  }
  Answer<std::vector<StockChange>> pending_stock_changes(Instant before,
                                                         std::size_t limit) override {
    return inner_.pending_stock_changes(before, limit);
  }
  Answer<std::optional<std::int64_t>> begin_limit_change(Sku sku, Limit limit) override {
    return through(faults_, "book.begin_limit_change",
                   inner_.begin_limit_change(std::move(sku), limit));
  }
  Answer<std::optional<std::int64_t>> retry_limit_change(LimitAttempt last) override {
    return inner_.retry_limit_change(std::move(last));
  }
  Answer<void> finish_limit_change(LimitAttempt attempt) override {
    return through(faults_, "book.finish_limit_change",
                   inner_.finish_limit_change(std::move(attempt)));
  }
  Answer<std::vector<StockRow>> pending_limit_changes(Instant before) override {
    return inner_.pending_limit_changes(before);
  }
  Answer<std::vector<UnitsBought>> units_bought(Sku sku, std::vector<OrderId> except,
                                                std::vector<RefundId> given_back) override {
    return inner_.units_bought(std::move(sku), std::move(except), std::move(given_back));
  }
  Answer<std::optional<StockRow>> find_stock(Sku sku) override {
    return inner_.find_stock(std::move(sku));
  }
  Answer<Page<StockRow>> list_stock(PageRequest page) override {
    return inner_.list_stock(std::move(page));
  }
  Answer<std::vector<StockRow>> all_stock() override { return inner_.all_stock(); }
  Answer<Page<JournalRow>> list_stock_journal(Sku sku, PageRequest page) override {
    return inner_.list_stock_journal(std::move(sku), std::move(page));
  }
  Answer<PointsRow> find_points(UserId user, std::size_t movements) override {
    return inner_.find_points(std::move(user), movements);
  }
  Answer<void> record_parked(std::vector<ParkedMessage> messages) override {
    return through(faults_, "book.record_parked", inner_.record_parked(std::move(messages)));
  }
  Answer<Page<ParkedMessage>> list_parked(ParkedFilter filter, PageRequest page) override {
    return inner_.list_parked(std::move(filter), std::move(page));
  }
  Answer<std::vector<ParkedGroup>> parked_groups() override { return inner_.parked_groups(); }
  Answer<std::vector<ParkedMessage>> claim_parked(ParkedFilter filter, std::size_t limit,
                                                  Instant now, Milliseconds lease) override {
    return through(faults_, "book.claim_parked",
                   inner_.claim_parked(std::move(filter), limit, now, lease));
  }
  Answer<void> remove_parked(std::vector<Uuid> ids, AuditEntry audit) override {
    return through(faults_, "book.remove_parked",
                   inner_.remove_parked(std::move(ids), std::move(audit)));
  }
  Answer<std::optional<LedgerRecord>> ledger_record() override { return inner_.ledger_record(); }
  Answer<BookSnapshot> begin_generation(std::string generation, Instant since,
                                        std::size_t limit) override {
    return through(faults_, "book.begin_generation",
                   inner_.begin_generation(std::move(generation), since, limit));
  }
  Answer<bool> try_leadership() override {
    return through(faults_, "book.try_leadership", inner_.try_leadership());
  }
  Answer<void> end_leadership() override { return inner_.end_leadership(); }
  Answer<void> record_audit(AuditEntry entry) override {
    return inner_.record_audit(std::move(entry));
  }
  Answer<BookBacklog> backlog() override { return inner_.backlog(); }
  Answer<void> ping() override { return inner_.ping(); }
  [[nodiscard]] bool connected() const override { return inner_.connected(); }

 private:
  OrderBook& inner_;  // HELD NOT OWNED
  Faults& faults_;    // HELD NOT OWNED
};

class FaultyBus final : public MessageBus {
 public:
  FaultyBus(MessageBus& inner, Faults& faults) : inner_(inner), faults_(faults) {}

  boost::asio::awaitable<PortResult<void>> publish(std::vector<OutgoingMessage> m) override {
    sent_.insert(sent_.end(), m.begin(), m.end());
    return through(faults_, "bus.publish", inner_.publish(std::move(m)));
  }
  boost::asio::awaitable<std::vector<Delivery>> receive(QueueName queue,
                                                        BatchLimits limits) override {
    return inner_.receive(std::move(queue), limits);
  }
  boost::asio::awaitable<PortResult<void>> ack(QueueName queue,
                                               std::vector<std::uint64_t> tags) override {
    return through(faults_, "bus.ack", inner_.ack(std::move(queue), std::move(tags)));
  }
  boost::asio::awaitable<PortResult<void>> pause(QueueName queue) override {
    return inner_.pause(std::move(queue));
  }
  boost::asio::awaitable<PortResult<void>> resume(QueueName queue) override {
    return inner_.resume(std::move(queue));
  }
  boost::asio::awaitable<PortResult<QueueDepth>> depth(QueueName queue) override {
    return inner_.depth(std::move(queue));
  }
  [[nodiscard]] bool connected() const override { return inner_.connected(); }
  void stop() override { inner_.stop(); }

  /// What was given to `publish`, whatever became of it.
  [[nodiscard]] std::vector<OutgoingMessage> sent_to(const QueueName& queue) const {
    std::vector<OutgoingMessage> found;
    for (const auto& message : sent_) {
      if (message.queue == queue) found.push_back(message);
    }
    return found;
  }
  /// Likewise, what was told to listeners of this name.
  [[nodiscard]] std::vector<OutgoingMessage> told(const std::string& topic) const {
    std::vector<OutgoingMessage> found;
    for (const auto& message : sent_) {
      if (message.topic == topic) found.push_back(message);
    }
    return found;
  }
  void forget_sent() { sent_.clear(); }

 private:
  MessageBus& inner_;  // HELD NOT OWNED
  Faults& faults_;     // HELD NOT OWNED
  std::vector<OutgoingMessage> sent_;
};

}  // namespace holdfast::testing
