#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/embedded/order_book.h"
#include "adapters/sqlite/session.h"
#include "ports/order_book.h"

/// The book's calls as jobs of its database: what EmbeddedOrderBook's functions of the same names
/// do on the writer. All run inside of a transaction, undone by any Failure they throw.
namespace holdfast::embedded::book {

using sqlite::Session;
using Unreleased = OrderBook::Unreleased;

// order_book_settlement.cc
SettleResult settle(Session& session, const std::vector<Settlement>& batch,
                    const BookOptions& options);

// order_book_update.cc
std::vector<OrderAggregate> update(Session& session, const std::vector<OrderRef>& orders,
                                   const OrderDecision& decide, const BookOptions& options);

// order_book_orders.cc
std::optional<OrderAggregate> find_order(Session& session, const OrderId& order_id);
std::vector<OrderId> known_orders(Session& session, const std::vector<OrderId>& order_ids);
std::vector<OrderId> parked_orders(Session& session, const std::vector<OrderId>& order_ids);
Page<OrderAggregate> list_orders(Session& session, const OrderFilter& filter,
                                 const PageRequest& page);
std::vector<OrderId> due_orders(Session& session, Instant now, std::size_t limit);
std::vector<Order> unreleased_orders(Session& session, Instant placed_before, std::size_t limit);
void mark_orders_released(Session& session, const std::vector<OrderId>& order_ids);

// order_book_refunds.cc
std::optional<Refund> find_refund(Session& session, const RefundId& refund_id);
/// Oldest first.
std::vector<Refund> refunds_of(Session& session, const OrderId& order_id);
Page<Refund> list_refunds(Session& session, const RefundFilter& filter, const PageRequest& page);
std::vector<Refund> due_refunds(Session& session, Instant now, std::size_t limit);
std::vector<Unreleased> unreleased_refunds(Session& session, Instant reversed_before,
                                           std::size_t limit);
void mark_released(Session& session, const std::vector<RefundId>& refund_ids);

// order_book_stock.cc
std::optional<StockRow> find_stock(Session& session, const Sku& sku);
Page<StockRow> list_stock(Session& session, const PageRequest& page);
std::vector<StockRow> all_stock(Session& session);
Page<JournalRow> list_stock_journal(Session& session, const Sku& sku, const PageRequest& page);
std::vector<UnitsBought> units_bought(Session& session, const Sku& sku,
                                      const std::vector<OrderId>& except,
                                      const std::vector<RefundId>& given_back);
/// Units of `sku` per user as a rebuilt ledger counts them. Unlike in `units_bought` a cancelled
/// order counts for nothing, whether or not the ledger had its units back: the ledger that is
/// computed from this is told that it has, and will not take them off again.
std::vector<UnitsBought> units_standing(Session& session, const Sku& sku);
PointsRow find_points(Session& session, const UserId& user_id, std::size_t movements);

// order_book_stock_changes.cc
BeginStockChangeResult begin_stock_change(Session& session, const BeginStockChange& request,
                                          const BookOptions& options);
void finish_stock_change(Session& session, const ChangeId& change_id, bool applied,
                         const BookOptions& options);
std::vector<StockChange> pending_stock_changes(Session& session, Instant begun_before,
                                               std::size_t limit);
std::optional<std::int64_t> begin_limit_change(Session& session, const Sku& sku,
                                               std::optional<std::int64_t> limit, Instant now);
std::optional<std::int64_t> retry_limit_change(Session& session, const LimitAttempt& last,
                                               Instant now);
void finish_limit_change(Session& session, const LimitAttempt& attempt);
std::vector<StockRow> pending_limit_changes(Session& session, Instant begun_before);

// order_book_messages.cc
void record_parked(Session& session, const std::vector<ParkedMessage>& messages);
Page<ParkedMessage> list_parked(Session& session, const ParkedFilter& filter,
                                const PageRequest& page);
std::vector<ParkedGroup> parked_groups(Session& session);
std::vector<ParkedMessage> claim_parked(Session& session, const ParkedFilter& filter,
                                        std::size_t limit, Instant now, Milliseconds lease);
void remove_parked(Session& session, const std::vector<Uuid>& ids, const AuditEntry& audit);
void record_events(Session& session, const std::vector<Event>& events);
std::vector<Event> pending_events(Session& session, std::size_t limit);
void delete_events(Session& session, const std::vector<Uuid>& event_ids);
void record_audit(Session& session, const AuditEntry& entry);

// order_book_ledger.cc
void store_plans(Session& session, const std::vector<Plan>& plans);
std::vector<Plan> stored_plans(Session& session);
std::optional<LedgerRecord> ledger_record(Session& session);
BookSnapshot begin_generation(Session& session, const std::string& generation, Instant recent_since,
                              std::size_t recent_limit);
BookBacklog backlog(Session& session);

}  // namespace holdfast::embedded::book
