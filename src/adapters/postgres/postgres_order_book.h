#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "ports/order_book.h"

namespace holdfast {

struct PostgresOptions {
  std::string url;              ///< postgresql://user@host:port/database, or libpq's keywords
  std::size_t connections = 4;  ///< kept open; one more is opened by the one that leads a rebuild
  std::chrono::milliseconds timeout{5'000};  ///< of each call, waiting for a connection included
  /// `source` of the events the book makes; empty: it makes none.
  std::string event_source = "/holdfast/holdfast";
  bool points_floor_zero = false;  ///< points that are taken back stop at a balance of zero
};

/// The book in PostgreSQL 15 or later, over libpq's pipeline mode: a call is one or two round
/// trips. The book's tables must be there (`postgres::migrate`). Owns a pool of connections that
/// are opened again when lost. Belongs to the loop of its executor; `stop` ends what is under way,
/// and the loop must run on for those calls to return.
///
/// Lists: orders and refunds by the time they were placed or asked for, newest first; a SKU's
/// journal likewise, an order's movement standing at the time its order was placed, whatever time
/// the movement carries; parked messages by when they were first parked; stock by SKU.
class PostgresOrderBook final : public OrderBook {
 public:
  PostgresOrderBook(boost::asio::any_io_executor executor, PostgresOptions options);
  ~PostgresOrderBook() override;
  PostgresOrderBook(const PostgresOrderBook&) = delete;
  PostgresOrderBook& operator=(const PostgresOrderBook&) = delete;

  /// Begins to connect; calls made meanwhile wait.
  void start();
  void stop();
  /// At least one connection is open.
  [[nodiscard]] bool connected() const override;

  template <class T>
  using Answer = boost::asio::awaitable<PortResult<T>>;

  // postgres_order_book_settlement.cc
  Answer<SettleResult> settle(SettlementBatch batch) override;
  // postgres_order_book_update.cc
  Answer<std::vector<OrderAggregate>> update(std::vector<OrderRef> orders,
                                             OrderDecision decide) override;
  // postgres_order_book_orders.cc
  Answer<std::optional<OrderAggregate>> find_order(OrderId order_id) override;
  Answer<std::vector<OrderId>> known_orders(std::vector<OrderId> order_ids) override;
  Answer<std::vector<OrderId>> parked_orders(std::vector<OrderId> order_ids) override;
  Answer<Page<OrderAggregate>> list_orders(OrderFilter filter, PageRequest page) override;
  Answer<std::vector<OrderId>> due_orders(Instant now, std::size_t limit) override;
  Answer<std::vector<Order>> unreleased_orders(Instant placed_before, std::size_t limit) override;
  Answer<void> mark_orders_released(std::vector<OrderId> order_ids) override;
  // postgres_order_book_plans.cc
  Answer<void> store_plans(std::vector<Plan> plans) override;
  Answer<std::vector<Plan>> stored_plans() override;
  // postgres_order_book_events.cc
  Answer<std::vector<Event>> pending_events(std::size_t limit) override;
  Answer<void> delete_events(std::vector<Uuid> event_ids) override;
  // postgres_order_book_refunds.cc
  Answer<std::optional<Refund>> find_refund(RefundId refund_id) override;
  Answer<Page<Refund>> list_refunds(RefundFilter filter, PageRequest page) override;
  Answer<std::vector<Refund>> due_refunds(Instant now, std::size_t limit) override;
  Answer<std::vector<Unreleased>> unreleased_refunds(Instant reversed_before,
                                                     std::size_t limit) override;
  Answer<void> mark_released(std::vector<RefundId> refund_ids) override;
  // postgres_order_book_stock_changes.cc
  Answer<BeginStockChangeResult> begin_stock_change(BeginStockChange request) override;
  Answer<void> finish_stock_change(ChangeId change_id, bool applied) override;
  Answer<std::vector<StockChange>> pending_stock_changes(Instant begun_before,
                                                         std::size_t limit) override;
  Answer<std::optional<std::int64_t>> begin_limit_change(
      Sku sku, std::optional<std::int64_t> limit) override;
  Answer<std::optional<std::int64_t>> retry_limit_change(LimitAttempt last) override;
  Answer<void> finish_limit_change(LimitAttempt attempt) override;
  Answer<std::vector<StockRow>> pending_limit_changes(Instant begun_before) override;
  // postgres_order_book_stock.cc
  Answer<std::vector<UnitsBought>> units_bought(Sku sku, std::vector<OrderId> except,
                                                std::vector<RefundId> given_back) override;
  Answer<std::optional<StockRow>> find_stock(Sku sku) override;
  Answer<Page<StockRow>> list_stock(PageRequest page) override;
  Answer<std::vector<StockRow>> all_stock() override;
  Answer<Page<JournalRow>> list_stock_journal(Sku sku, PageRequest page) override;
  // postgres_order_book_points.cc
  Answer<PointsRow> find_points(UserId user_id, std::size_t movements) override;
  // postgres_order_book_parked.cc
  Answer<void> record_parked(std::vector<ParkedMessage> messages) override;
  Answer<Page<ParkedMessage>> list_parked(ParkedFilter filter, PageRequest page) override;
  Answer<std::vector<ParkedGroup>> parked_groups() override;
  Answer<std::vector<ParkedMessage>> claim_parked(ParkedFilter filter, std::size_t limit,
                                                  Instant now, Milliseconds lease) override;
  Answer<void> remove_parked(std::vector<Uuid> ids, AuditEntry audit) override;
  // postgres_order_book_ledger.cc
  Answer<std::optional<LedgerRecord>> ledger_record() override;
  Answer<BookSnapshot> begin_generation(std::string generation, Instant recent_since,
                                        std::size_t recent_limit) override;
  Answer<bool> try_leadership() override;
  Answer<void> end_leadership() override;
  // postgres_order_book.cc
  Answer<void> record_audit(AuditEntry entry) override;
  Answer<BookBacklog> backlog() override;
  Answer<void> ping() override;

 private:
  class Session;
  std::shared_ptr<Session> session_;
};

}  // namespace holdfast
