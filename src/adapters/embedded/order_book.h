#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/database.h"
#include "ports/clock.h"
#include "ports/order_book.h"

namespace holdfast::embedded {

class Leadership;

struct BookOptions {
  /// `source` of the events the book makes; empty: it makes none.
  std::string event_source = "/holdfast/holdfast";
  bool points_floor_zero = false;  ///< points that are taken back stop at a balance of zero
};

/// Brings the book's tables up to date: once, through `Database::run_now`, before the first call.
/// Throws sqlite::Failure.
void prepare_book(sqlite::Session& session);

/// The book in a SQLite database that this process has to itself. Each call is one job of the
/// database, carried out on its writer; so is the decision of an `update`, while the caller waits.
/// Belongs to one loop; any number of loops may have one over the same database,
/// one of which leads at a time. May be destroyed with calls under way: they return all the same.
///
/// Lists: orders and refunds by the time they were placed or asked for, newest first; a SKU's
/// journal likewise, an order's movement standing at the time its order was placed, whatever time
/// the movement carries; parked messages by when they were first parked; stock by SKU.
class EmbeddedOrderBook final : public OrderBook {
 public:
  /// Calls resume where they were made. `database` and `clock` must outlive them.
  EmbeddedOrderBook(sqlite::Database& database, Clock& clock, BookOptions options);
  ~EmbeddedOrderBook() override;
  EmbeddedOrderBook(const EmbeddedOrderBook&) = delete;
  EmbeddedOrderBook& operator=(const EmbeddedOrderBook&) = delete;

  template <class T>
  using Answer = boost::asio::awaitable<PortResult<T>>;

  Answer<SettleResult> settle(SettlementBatch batch) override;
  Answer<std::vector<OrderAggregate>> update(std::vector<OrderRef> orders,
                                             OrderDecision decide) override;
  Answer<std::optional<OrderAggregate>> find_order(OrderId order_id) override;
  Answer<std::vector<OrderId>> known_orders(std::vector<OrderId> order_ids) override;
  Answer<std::vector<OrderId>> parked_orders(std::vector<OrderId> order_ids) override;
  Answer<Page<OrderAggregate>> list_orders(OrderFilter filter, PageRequest page) override;
  Answer<std::optional<Refund>> find_refund(RefundId refund_id) override;
  Answer<Page<Refund>> list_refunds(RefundFilter filter, PageRequest page) override;
  Answer<std::vector<Refund>> due_refunds(Instant now, std::size_t limit) override;
  Answer<std::vector<Unreleased>> unreleased_refunds(Instant reversed_before,
                                                     std::size_t limit) override;
  Answer<void> mark_released(std::vector<RefundId> refund_ids) override;
  Answer<std::vector<OrderId>> due_orders(Instant now, std::size_t limit) override;
  Answer<std::vector<Order>> unreleased_orders(Instant placed_before, std::size_t limit) override;
  Answer<void> mark_orders_released(std::vector<OrderId> order_ids) override;

  Answer<void> store_plans(std::vector<Plan> plans) override;
  Answer<std::vector<Plan>> stored_plans() override;
  Answer<std::vector<Event>> pending_events(std::size_t limit) override;
  Answer<void> delete_events(std::vector<Uuid> event_ids) override;
  Answer<BeginStockChangeResult> begin_stock_change(BeginStockChange request) override;
  Answer<void> finish_stock_change(ChangeId change_id, bool applied) override;
  Answer<std::vector<StockChange>> pending_stock_changes(Instant begun_before,
                                                         std::size_t limit) override;
  Answer<std::optional<std::int64_t>> begin_limit_change(
      Sku sku, std::optional<std::int64_t> limit) override;
  Answer<std::optional<std::int64_t>> retry_limit_change(LimitAttempt last) override;
  Answer<void> finish_limit_change(LimitAttempt attempt) override;
  Answer<std::vector<StockRow>> pending_limit_changes(Instant begun_before) override;
  Answer<std::vector<UnitsBought>> units_bought(Sku sku, std::vector<OrderId> except,
                                                std::vector<RefundId> given_back) override;
  Answer<std::optional<StockRow>> find_stock(Sku sku) override;
  Answer<Page<StockRow>> list_stock(PageRequest page) override;
  Answer<std::vector<StockRow>> all_stock() override;
  Answer<Page<JournalRow>> list_stock_journal(Sku sku, PageRequest page) override;
  Answer<PointsRow> find_points(UserId user_id, std::size_t movements) override;
  Answer<void> record_parked(std::vector<ParkedMessage> messages) override;
  Answer<Page<ParkedMessage>> list_parked(ParkedFilter filter, PageRequest page) override;
  Answer<std::vector<ParkedGroup>> parked_groups() override;
  Answer<std::vector<ParkedMessage>> claim_parked(ParkedFilter filter, std::size_t limit,
                                                  Instant now, Milliseconds lease) override;
  Answer<void> remove_parked(std::vector<Uuid> ids, AuditEntry audit) override;
  Answer<std::optional<LedgerRecord>> ledger_record() override;
  Answer<BookSnapshot> begin_generation(std::string generation, Instant recent_since,
                                        std::size_t recent_limit) override;
  /// Leads until `end_leadership` or this object's end.
  Answer<bool> try_leadership() override;
  Answer<void> end_leadership() override;
  Answer<void> record_audit(AuditEntry entry) override;
  Answer<BookBacklog> backlog() override;
  Answer<void> ping() override;
  /// The database is in this process: always true.
  [[nodiscard]] bool connected() const override { return true; }

 private:
  sqlite::Database& database_;                  // HELD NOT OWNED
  Clock& clock_;                                // HELD NOT OWNED
  std::shared_ptr<const BookOptions> options_;  ///< calls under way keep it
  std::shared_ptr<Leadership> leadership_;
};

}  // namespace holdfast::embedded
