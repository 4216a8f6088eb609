#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/order.h"
#include "domain/refund.h"
#include "ports/errors.h"
#include "ports/stock_ledger.h"

namespace holdfast {

enum class MovementKind { order, refund, cancellation, adjustment, set };

/// One row of the durable stock journal and what it does to the SKU's row.
struct StockMovement {
  Sku sku;
  std::int64_t delta = 0;  ///< of what can be sold
  std::int64_t loaded = 0;
  std::int64_t sold = 0;
  std::int64_t returned = 0;
  MovementKind kind = MovementKind::order;
  std::string cause_id;  ///< the order's, refund's or adjustment's id
  Instant at;
};

struct PointsMovement {
  UserId user_id;
  /// A negative one may be cut short so that the balance does not fall below zero, where the book
  /// is configured so; the journal then has what was really taken.
  std::int64_t delta = 0;
  MovementKind kind = MovementKind::order;
  std::string cause_id;
  Instant at;
};

/// An order to be written for the first time, as `decide` left it, with its local effects.
struct Settlement {
  Order order;
  std::string generation;  ///< of the ledger when the order was reserved
  std::string outbox_id;
  std::vector<StockMovement> stock;
  std::vector<PointsMovement> points;
};

/// Settlements that are written together. Copies share them, so that a batch that is written again,
/// and what follows from it, copies no orders.
class SettlementBatch {
 public:
  SettlementBatch(std::vector<Settlement> settlements)  // NOLINT(google-explicit-constructor)
      : settlements_(std::make_shared<const std::vector<Settlement>>(std::move(settlements))) {}

  const std::vector<Settlement>& operator*() const { return *settlements_; }
  const std::vector<Settlement>* operator->() const { return settlements_.get(); }
  /// The order of one of them; keeps the batch.
  [[nodiscard]] std::shared_ptr<const Order> order(std::size_t at) const {
    return {settlements_, &settlements_->at(at).order};
  }

 private:
  std::shared_ptr<const std::vector<Settlement>> settlements_;
};

enum class SettleOutcome {
  settled,            ///< written now
  already_settled,    ///< the same reservation was written before: a redelivery
  other_reservation,  ///< the order stands under another reservation: this one must be released
  stale_generation,   ///< not written: its reservation was lost in a rebuild of the ledger
};

struct SettleReport {
  OrderId order_id;
  SettleOutcome outcome = SettleOutcome::settled;
  OrderStatus standing = OrderStatus::accepted;  ///< of `already_settled`: as the order stands now
};

struct WaitingRefund {
  OrderId order_id;
  RefundId refund_id;
};

struct SettleResult {
  std::vector<SettleReport> reports;   ///< one per settlement, in the order given
  std::vector<WaitingRefund> waiting;  ///< held refunds of these orders, read after the commit
};

/// Something other systems are told about, kept in the book until it is published.
struct Event {
  Uuid id;           ///< the same however often it is published
  std::string type;  ///< `order.completed`, `refund.waiting`, …: the routing key too
  std::string body;  ///< the CloudEvent as JSON
  Instant at;
};

struct ParkedMessage {
  Uuid id;
  QueueName queue;      ///< where it was being handled
  std::string reason;   ///< a stable word: `undecodable`, `attempts_exhausted`, …
  std::string subject;  ///< at most one parked row per subject
  std::optional<OrderId> order_id;
  std::optional<RefundId> refund_id;
  std::optional<StepName> step;
  std::uint32_t attempts = 0;
  Instant first_at;
  Instant last_at;
  std::string detail;
  std::string body;  ///< the message to send again
};

struct AuditEntry {
  std::string actor;
  std::string action;
  std::string detail;
  Instant at;
};

/// What a decision wants written for one order. Refunds are inserted or replaced by id.
struct OrderChange {
  std::optional<Order> order;
  std::vector<Refund> refunds;
  std::vector<StockMovement> stock;
  std::vector<PointsMovement> points;
  std::vector<Event> events;
  std::vector<ParkedMessage> parked;  ///< recorded as `record_parked` does
  std::vector<std::string> unparked;  ///< subjects whose trouble is over: their rows are deleted
  std::optional<AuditEntry> audit;    ///< of an operator who asked for it
};

/// Called once per order, inside the transaction, the order locked. Pure: may run again when the
/// transaction is repeated, and on another thread while its caller waits, so it touches only what
/// no other coroutine of the caller's loop does.
using OrderDecision = std::function<OrderChange(const OrderAggregate& aggregate)>;

struct OrderRef {
  OrderId order_id;
  std::optional<Order> journaled;  ///< stands in while the order is not in the book
};

struct OrderFilter {
  std::optional<UserId> user_id;
  std::optional<OrderStatus> status;
  std::optional<Sku> sku;
  std::optional<Instant> placed_after;   ///< inclusive
  std::optional<Instant> placed_before;  ///< exclusive
};

struct RefundFilter {
  std::optional<OrderId> order_id;
  std::optional<RefundStatus> status;
};

/// A page of a list, newest first; `next_cursor` is opaque and unset on the last page.
template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next_cursor;
};

struct PageRequest {
  std::size_t limit = 50;
  std::optional<std::string> cursor;  ///< a malformed one is PortErrorKind::rejected
};

struct StockRow {
  Sku sku;
  std::int64_t loaded = 0;
  std::int64_t sold = 0;
  std::int64_t returned = 0;
  std::optional<std::int64_t> purchase_limit;
  std::int64_t limit_version = 0;  ///< counts the attempts to give the ledger a limit
  [[nodiscard]] std::int64_t on_hand() const { return loaded - sold + returned; }
};

/// A shop's change of stock. A positive delta moves `loaded` when it is begun, a negative one when
/// it is finished as applied, so that the book never holds less than the ledger may sell.
struct StockChange {
  ChangeId change_id;
  MovementKind kind = MovementKind::adjustment;  ///< `adjustment` or `set`
  Sku sku;
  std::int64_t delta = 0;
  std::optional<std::string> reason;
  enum class State { pending, applied, refused } state = State::pending;
  Instant at;
};

struct BeginStockChange {
  ChangeId change_id;
  Sku sku;
  std::optional<std::int64_t> set_on_hand;  ///< PUT: the delta follows from the present on_hand
  std::int64_t delta = 0;                   ///< otherwise
  bool create_if_missing = false;           ///< PUT creates the SKU
  std::optional<std::string> reason;
  Instant at;
};

enum class BeginStockChangeOutcome { begun, existed, conflict, unknown_sku, out_of_bounds };

struct BeginStockChangeResult {
  BeginStockChangeOutcome outcome = BeginStockChangeOutcome::begun;
  StockChange change;  ///< as stored; of `existed` the first one
};

struct JournalRow {
  std::int64_t id = 0;
  StockMovement movement;
};

struct PointsRow {
  UserId user_id;
  std::int64_t balance = 0;
  std::vector<PointsMovement> movements;  ///< newest first
};

struct ParkedFilter {
  std::optional<Uuid> id;
  std::optional<QueueName> queue;
  std::optional<std::string> reason;
  std::optional<OrderId> order_id;
  std::optional<Instant> last_before;  ///< exclusive; for `claim_parked` only
};

struct ParkedGroup {
  QueueName queue;
  std::string reason;
  std::int64_t count = 0;
  Instant oldest_at;
};

struct LedgerRecord {
  std::string generation;
  std::string high_water;  ///< the highest outbox id that a settlement has seen
};

/// All that a rebuild of the ledger is computed from, read in one snapshot.
struct BookSnapshot {
  struct SkuSnapshot {
    StockRow stock;
    std::vector<UnitsBought> bought;  ///< for SKUs with a limit
  };
  std::vector<SkuSnapshot> skus;
  std::vector<ChangeId> counted;      ///< changes and refunds counted here, not yet marked applied
  std::vector<ChangeId> not_counted;  ///< begun negative changes
  std::vector<JournalEntry> recent;   ///< orders placed since the given time, newest first
};

struct BookBacklog {
  std::int64_t waiting = 0;
  std::int64_t reversing = 0;
  std::int64_t needs_attention = 0;
  std::int64_t unreleased =
      0;  ///< refunds and cancelled orders whose stock Redis does not have yet
  std::int64_t processing = 0;  ///< orders whose steps are under way
  std::int64_t cancelling = 0;
  std::int64_t overdue_holds = 0;  ///< partial refunds held for longer than they should be
  std::int64_t unpublished_events = 0;
  std::int64_t pending_changes = 0;
  std::int64_t parked = 0;
  std::optional<Instant> oldest_hold_at;
};

/// The durable record. Every writing call is one transaction: on an error of Effect::none nothing
/// of it happened. Locks are taken in the order orders, stock, points, each by key. Belongs to one
/// loop.
class OrderBook {
 public:
  virtual ~OrderBook() = default;

  /// Writes a batch, all or nothing. PortErrorKind::constraint: some order of it cannot be written
  /// (the stock would fall below zero, or bad data); bisect to find it.
  virtual boost::asio::awaitable<PortResult<SettleResult>> settle(SettlementBatch batch) = 0;

  /// Locks, loads, decides and writes. Returns the aggregates as they stand afterwards; an order
  /// that is neither in the book nor journaled is left out.
  virtual boost::asio::awaitable<PortResult<std::vector<OrderAggregate>>> update(
      std::vector<OrderRef> orders, OrderDecision decide) = 0;

  virtual boost::asio::awaitable<PortResult<std::optional<OrderAggregate>>> find_order(
      OrderId order_id) = 0;
  /// Of `order_ids`, those that are in the book.
  virtual boost::asio::awaitable<PortResult<std::vector<OrderId>>> known_orders(
      std::vector<OrderId> order_ids) = 0;
  /// Of `order_ids`, those that a parked message names.
  virtual boost::asio::awaitable<PortResult<std::vector<OrderId>>> parked_orders(
      std::vector<OrderId> order_ids) = 0;
  virtual boost::asio::awaitable<PortResult<Page<OrderAggregate>>> list_orders(
      OrderFilter filter, PageRequest page) = 0;
  virtual boost::asio::awaitable<PortResult<std::optional<Refund>>> find_refund(
      RefundId refund_id) = 0;
  virtual boost::asio::awaitable<PortResult<Page<Refund>>> list_refunds(RefundFilter filter,
                                                                        PageRequest page) = 0;
  /// Refunds whose next_check_at is at or before `now`, oldest first.
  virtual boost::asio::awaitable<PortResult<std::vector<Refund>>> due_refunds(
      Instant now, std::size_t limit) = 0;
  /// Refunds that are `refunded` and whose stock is not marked released, oldest first, with the
  /// user who had bought.
  struct Unreleased {
    Refund refund;
    UserId user_id;
  };
  virtual boost::asio::awaitable<PortResult<std::vector<Unreleased>>> unreleased_refunds(
      Instant reversed_before, std::size_t limit) = 0;
  virtual boost::asio::awaitable<PortResult<void>> mark_released(
      std::vector<RefundId> refund_ids) = 0;
  /// Orders whose next_check_at is at or before `now`, oldest first.
  virtual boost::asio::awaitable<PortResult<std::vector<OrderId>>> due_orders(
      Instant now, std::size_t limit) = 0;
  /// Orders that are `cancelled` and whose stock is not marked released, oldest placed first.
  virtual boost::asio::awaitable<PortResult<std::vector<Order>>> unreleased_orders(
      Instant placed_before, std::size_t limit) = 0;
  virtual boost::asio::awaitable<PortResult<void>> mark_orders_released(
      std::vector<OrderId> order_ids) = 0;

  /// Keeps plans for the orders that run through them; one that is there already stays as it is.
  virtual boost::asio::awaitable<PortResult<void>> store_plans(std::vector<Plan> plans) = 0;
  /// Every version of every plan ever stored.
  virtual boost::asio::awaitable<PortResult<std::vector<Plan>>> stored_plans() = 0;

  /// Events that are not yet published, oldest first.
  virtual boost::asio::awaitable<PortResult<std::vector<Event>>> pending_events(
      std::size_t limit) = 0;
  virtual boost::asio::awaitable<PortResult<void>> delete_events(std::vector<Uuid> event_ids) = 0;

  virtual boost::asio::awaitable<PortResult<BeginStockChangeResult>> begin_stock_change(
      BeginStockChange request) = 0;
  virtual boost::asio::awaitable<PortResult<void>> finish_stock_change(ChangeId change_id,
                                                                       bool applied) = 0;
  virtual boost::asio::awaitable<PortResult<std::vector<StockChange>>> pending_stock_changes(
      Instant begun_before, std::size_t limit) = 0;
  /// Stores the limit and marks it as not yet applied to the ledger. Returns the version of the
  /// attempt to apply it; unset: no such SKU.
  virtual boost::asio::awaitable<PortResult<std::optional<std::int64_t>>> begin_limit_change(
      Sku sku, std::optional<std::int64_t> limit) = 0;
  /// Begins another attempt to apply a limit that is pending, which is pending since now from here
  /// on. Returns its version; unset: `last` is not the last attempt any more, or has come to its
  /// end.
  virtual boost::asio::awaitable<PortResult<std::optional<std::int64_t>>> retry_limit_change(
      LimitAttempt last) = 0;
  /// The ledger has the limit of this attempt. Nothing is changed when it is not the last one.
  virtual boost::asio::awaitable<PortResult<void>> finish_limit_change(LimitAttempt attempt) = 0;
  virtual boost::asio::awaitable<PortResult<std::vector<StockRow>>> pending_limit_changes(
      Instant begun_before) = 0;
  /// Units of `sku` per user over orders that stand, without those in `except`; a refund counts as
  /// given back when its stock is marked released or its id is in `given_back`. One snapshot.
  virtual boost::asio::awaitable<PortResult<std::vector<UnitsBought>>> units_bought(
      Sku sku, std::vector<OrderId> except, std::vector<RefundId> given_back) = 0;

  virtual boost::asio::awaitable<PortResult<std::optional<StockRow>>> find_stock(Sku sku) = 0;
  virtual boost::asio::awaitable<PortResult<Page<StockRow>>> list_stock(PageRequest page) = 0;
  virtual boost::asio::awaitable<PortResult<std::vector<StockRow>>> all_stock() = 0;
  virtual boost::asio::awaitable<PortResult<Page<JournalRow>>> list_stock_journal(
      Sku sku, PageRequest page) = 0;
  virtual boost::asio::awaitable<PortResult<PointsRow>> find_points(UserId user_id,
                                                                    std::size_t movements) = 0;

  /// Inserts, or for a known subject moves `attempts`, `last_at`, `detail` forward.
  virtual boost::asio::awaitable<PortResult<void>> record_parked(
      std::vector<ParkedMessage> messages) = 0;
  virtual boost::asio::awaitable<PortResult<Page<ParkedMessage>>> list_parked(ParkedFilter filter,
                                                                              PageRequest page) = 0;
  virtual boost::asio::awaitable<PortResult<std::vector<ParkedGroup>>> parked_groups() = 0;
  /// Marks up to `limit` matching rows as being retried, so that no other call takes them within
  /// `lease`, and returns them.
  virtual boost::asio::awaitable<PortResult<std::vector<ParkedMessage>>> claim_parked(
      ParkedFilter filter, std::size_t limit, Instant now, Milliseconds lease) = 0;
  /// Deletes rows (sent again, or discarded) and writes the audit entry with them.
  virtual boost::asio::awaitable<PortResult<void>> remove_parked(std::vector<Uuid> ids,
                                                                 AuditEntry audit) = 0;

  virtual boost::asio::awaitable<PortResult<std::optional<LedgerRecord>>> ledger_record() = 0;
  /// Waits for settlements under the old generation, then records the new one and reads the
  /// snapshot, in one transaction.
  virtual boost::asio::awaitable<PortResult<BookSnapshot>> begin_generation(
      std::string generation, Instant recent_since, std::size_t recent_limit) = 0;
  /// Tries to become the one that rebuilds, until `end_leadership` or the connection's end.
  virtual boost::asio::awaitable<PortResult<bool>> try_leadership() = 0;
  virtual boost::asio::awaitable<PortResult<void>> end_leadership() = 0;

  virtual boost::asio::awaitable<PortResult<void>> record_audit(AuditEntry entry) = 0;
  virtual boost::asio::awaitable<PortResult<BookBacklog>> backlog() = 0;
  virtual boost::asio::awaitable<PortResult<void>> ping() = 0;
  [[nodiscard]] virtual bool connected() const = 0;
};

std::string_view to_string(MovementKind kind);
std::optional<MovementKind> parse_movement_kind(std::string_view text);

}  // namespace holdfast
