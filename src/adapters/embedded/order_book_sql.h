#pragma once

#include <string_view>

/// What the book asks its tables (order_book_schema.cc). Lists take their place as (time, key) to
/// go on before; the first page's is later than everything.
namespace holdfast::embedded::book::sql {

// Columns of an order, a refund, a stock row and a parked message, as order_book_rows.h reads them.
#define HF_ORDER_COLUMNS                                                                \
  "book_orders.order_id, reservation_id, fingerprint, user_id, currency, lines, plan, " \
  "plan_version, attributes, amount, refunded_amount, status, book_orders.reason, "     \
  "failed_step, steps, points_earned, placed_at, completed_at, next_check_at, "         \
  "stock_released, preempted_by "
#define HF_REFUND_COLUMNS                                                                  \
  "refund_id, book_refunds.order_id, book_refunds.fingerprint, book_refunds.status, "      \
  "book_refunds.amount, book_refunds.lines, whole, when_incomplete, book_refunds.reason, " \
  "error, checks, book_refunds.next_check_at, book_refunds.steps, "                        \
  "book_refunds.stock_released, requested_at, refunded_at "
#define HF_STOCK_COLUMNS "sku, loaded, sold, returned, purchase_limit, limit_version "
#define HF_PARKED_COLUMNS                                                                \
  "id, queue, reason, subject, order_id, refund_id, step, attempts, first_at, last_at, " \
  "detail, body "

// Orders
inline constexpr std::string_view kInsertOrder =
    "insert into book_orders (order_id, reservation_id, fingerprint, user_id, currency, lines, "
    "plan, plan_version, attributes, amount, refunded_amount, status, reason, failed_step, steps, "
    "points_earned, placed_at, completed_at, next_check_at, stock_released, preempted_by) "
    "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
    "?19, ?20, ?21) on conflict (order_id) do nothing";
inline constexpr std::string_view kUpdateOrder =
    "update book_orders set lines = ?2, refunded_amount = ?3, status = ?4, reason = ?5, "
    "failed_step = ?6, steps = ?7, points_earned = ?8, completed_at = ?9, next_check_at = ?10, "
    "stock_released = ?11, preempted_by = ?12 where order_id = ?1";
inline constexpr std::string_view kFindOrder =
    "select " HF_ORDER_COLUMNS "from book_orders where order_id = ?1";
inline constexpr std::string_view kKnownOrder = "select 1 from book_orders where order_id = ?1";
inline constexpr std::string_view kReservationOf =
    "select reservation_id, status from book_orders where order_id = ?1";
// Lists of orders: ?1 time (from), ?2 time and ?3 id (before), ?4 limit, ?5 status, ?6 SKU, ?7
// user; the last three may be null where they are not what the list is read by.
#define HF_OF_SKU                                                                      \
  "and (?6 is null or exists (select 1 from book_stock_journal as j where j.sku = ?6 " \
  "and j.at = placed_at and j.kind = 'order' and j.cause = book_orders.order_id)) "
#define HF_IN_SPAN "placed_at >= ?1 and (placed_at, order_id) < (?2, ?3) "
#define HF_NEWEST_FIRST "order by placed_at desc, order_id desc limit ?4"
inline constexpr std::string_view kListOrders =
    "select " HF_ORDER_COLUMNS "from book_orders where " HF_IN_SPAN
    "and (?5 is null or status = ?5) " HF_OF_SKU HF_NEWEST_FIRST;
inline constexpr std::string_view kListOrdersOfUser =
    "select " HF_ORDER_COLUMNS "from book_orders where user_id = ?7 and " HF_IN_SPAN
    "and (?5 is null or status = ?5) " HF_OF_SKU HF_NEWEST_FIRST;
inline constexpr std::string_view kListOrdersByStatus =
    "select " HF_ORDER_COLUMNS
    "from book_orders where status = ?5 and status <> 'completed' and " HF_IN_SPAN HF_OF_SKU
        HF_NEWEST_FIRST;
// Reads the SKU's journal, whose rows of kind `order` stand at the time their order was placed.
inline constexpr std::string_view kListOrdersOfSku =
    "select " HF_ORDER_COLUMNS
    "from book_stock_journal as j cross join book_orders on book_orders.order_id = j.cause "
    "where j.sku = ?6 and j.kind = 'order' and j.at >= ?1 and (j.at, j.cause) < (?2, ?3) "
    "and (?5 is null or status = ?5) order by j.at desc, j.cause desc limit ?4";
#undef HF_OF_SKU
#undef HF_IN_SPAN
#undef HF_NEWEST_FIRST
inline constexpr std::string_view kDueOrders =
    "select order_id from book_orders where next_check_at <= ?1 "
    "order by next_check_at, rowid limit ?2";
inline constexpr std::string_view kUnreleasedOrders =
    "select " HF_ORDER_COLUMNS
    "from book_orders indexed by book_orders_unreleased "
    "where stock_released = 0 and status = 'cancelled' and placed_at <= ?1 "
    "order by placed_at, rowid limit ?2";
inline constexpr std::string_view kMarkOrderReleased =
    "update book_orders set stock_released = 1 where order_id = ?1 and stock_released = 0";

// Refunds
inline constexpr std::string_view kWriteRefund =
    "insert into book_refunds (refund_id, order_id, fingerprint, status, amount, lines, whole, "
    "when_incomplete, reason, error, checks, next_check_at, steps, stock_released, requested_at, "
    "refunded_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) "
    "on conflict (refund_id) do update set fingerprint = excluded.fingerprint, "
    "status = excluded.status, amount = excluded.amount, lines = excluded.lines, "
    "whole = excluded.whole, when_incomplete = excluded.when_incomplete, "
    "reason = excluded.reason, error = excluded.error, checks = excluded.checks, "
    "next_check_at = excluded.next_check_at, steps = excluded.steps, "
    "stock_released = excluded.stock_released, requested_at = excluded.requested_at, "
    "refunded_at = excluded.refunded_at where order_id = excluded.order_id";
inline constexpr std::string_view kFindRefund =
    "select " HF_REFUND_COLUMNS "from book_refunds where refund_id = ?1";
inline constexpr std::string_view kRefundsOfOrder =
    "select " HF_REFUND_COLUMNS
    "from book_refunds where order_id = ?1 order by requested_at, refund_id";
inline constexpr std::string_view kAnyWaitingRefund =
    "select 1 from book_refunds indexed by book_refunds_by_status "
    "where status = 'waiting' and status <> 'refunded' limit 1";
inline constexpr std::string_view kWaitingRefunds =
    "select refund_id from book_refunds indexed by book_refunds_by_order "
    "where order_id = ?1 and status = 'waiting' order by requested_at, refund_id";
// Lists of refunds: ?1 time and ?2 id (before), ?3 limit, ?4 status, ?5 order.
inline constexpr std::string_view kListRefunds =
    "select " HF_REFUND_COLUMNS
    "from book_refunds where (requested_at, refund_id) < (?1, ?2) "
    "and (?4 is null or status = ?4) order by requested_at desc, refund_id desc limit ?3";
inline constexpr std::string_view kListRefundsByStatus =
    "select " HF_REFUND_COLUMNS
    "from book_refunds where status = ?4 and status <> 'refunded' "
    "and (requested_at, refund_id) < (?1, ?2) "
    "order by requested_at desc, refund_id desc limit ?3";
inline constexpr std::string_view kListRefundsOfOrder =
    "select " HF_REFUND_COLUMNS
    "from book_refunds where order_id = ?5 and (requested_at, refund_id) < (?1, ?2) "
    "and (?4 is null or status = ?4) order by requested_at desc, refund_id desc limit ?3";
inline constexpr std::string_view kDueRefunds =
    "select " HF_REFUND_COLUMNS
    "from book_refunds where next_check_at <= ?1 order by next_check_at, rowid limit ?2";
inline constexpr std::string_view kUnreleasedRefunds =
    "select " HF_REFUND_COLUMNS
    ", user_id from book_refunds indexed by book_refunds_unreleased "
    "cross join book_orders on book_orders.order_id = book_refunds.order_id "
    "where book_refunds.stock_released = 0 and book_refunds.status = 'refunded' "
    "and refunded_at <= ?1 order by refunded_at, book_refunds.rowid limit ?2";
inline constexpr std::string_view kMarkRefundReleased =
    "update book_refunds set stock_released = 1 where refund_id = ?1 and stock_released = 0";

// Stock
inline constexpr std::string_view kFindStock =
    "select " HF_STOCK_COLUMNS "from book_stock where sku = ?1";
inline constexpr std::string_view kListStock =
    "select " HF_STOCK_COLUMNS "from book_stock where sku > ?1 order by sku limit ?2";
inline constexpr std::string_view kAllStock =
    "select " HF_STOCK_COLUMNS "from book_stock order by sku";
inline constexpr std::string_view kCreateStock =
    "insert into book_stock (sku) values (?1) on conflict (sku) do nothing";
inline constexpr std::string_view kOnHand =
    "select loaded - sold + returned from book_stock where sku = ?1";
inline constexpr std::string_view kMoveStock =
    "update book_stock set loaded = loaded + ?2, sold = sold + ?3, returned = returned + ?4 "
    "where sku = ?1";
inline constexpr std::string_view kJournalStock =
    "insert into book_stock_journal (sku, at, kind, cause, delta, loaded, sold, returned) "
    "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
inline constexpr std::string_view kListStockJournal =
    "select id, sku, delta, loaded, sold, returned, kind, cause, at from book_stock_journal "
    "where sku = ?1 and (at, id) < (?2, ?3) order by at desc, id desc limit ?4";
// The orders of a SKU that count towards what their users have bought.
inline constexpr std::string_view kOrdersOfSku =
    "select order_id, user_id, lines, status from book_stock_journal as j "
    "cross join book_orders on book_orders.order_id = j.cause "
    "where j.sku = ?1 and j.kind = 'order' and (status in ('processing', 'completed', "
    "'partially_refunded', 'cancelling') or (status = 'cancelled' and stock_released = 0))";
inline constexpr std::string_view kUnreleasedUnits =
    "select refund_id, book_refunds.order_id, user_id, book_refunds.lines "
    "from book_refunds indexed by book_refunds_unreleased "
    "cross join book_orders on book_orders.order_id = book_refunds.order_id "
    "where book_refunds.stock_released = 0 and book_refunds.status = 'refunded'";
inline constexpr std::string_view kBeginLimitChange =
    "update book_stock set purchase_limit = ?2, limit_pending_since = ?3, "
    "limit_version = limit_version + 1 where sku = ?1 returning limit_version";
inline constexpr std::string_view kRetryLimitChange =
    "update book_stock set limit_version = limit_version + 1, limit_pending_since = ?3 "
    "where sku = ?1 and limit_version = ?2 and limit_pending_since is not null "
    "returning limit_version";
inline constexpr std::string_view kFinishLimitChange =
    "update book_stock set limit_pending_since = null where sku = ?1 and limit_version = ?2";
inline constexpr std::string_view kPendingLimitChanges =
    "select " HF_STOCK_COLUMNS
    "from book_stock indexed by book_stock_limit_pending where limit_pending_since <= ?1 "
    "order by sku";

// Changes of stock by the shop
#define HF_CHANGE_COLUMNS "change_id, kind, sku, delta, reason, state, at "
inline constexpr std::string_view kFindStockChange =
    "select " HF_CHANGE_COLUMNS
    ", asked_delta, asked_on_hand from book_stock_changes where change_id = ?1";
inline constexpr std::string_view kPendingTaking =
    "select coalesce(sum(delta), 0) from book_stock_changes "
    "where sku = ?1 and state = 'pending' and delta < 0";
inline constexpr std::string_view kInsertStockChange =
    "insert into book_stock_changes (change_id, kind, sku, asked_delta, asked_on_hand, delta, "
    "reason, state, at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
inline constexpr std::string_view kFinishStockChange =
    "update book_stock_changes set state = ?2 where change_id = ?1 and state = 'pending'";
inline constexpr std::string_view kPendingStockChanges =
    "select " HF_CHANGE_COLUMNS
    "from book_stock_changes where state = 'pending' and at <= ?1 order by at, change_id limit ?2";
inline constexpr std::string_view kUnfinishedChanges =
    "select change_id, delta from book_stock_changes where state = 'pending' "
    "order by at, change_id";
#undef HF_CHANGE_COLUMNS

// Points
inline constexpr std::string_view kFindPoints =
    "select seq, balance from book_points where user_id = ?1 order by seq desc limit 1";
inline constexpr std::string_view kMovePoints =
    "insert into book_points (user_id, seq, at, kind, cause, delta, balance) "
    "values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
inline constexpr std::string_view kListPoints =
    "select user_id, delta, kind, cause, at from book_points where user_id = ?1 "
    "order by seq desc limit ?2";

// Parked messages. A row that is being sent again (claimed) takes the new message's id and body:
// the one who claimed it is about to delete the id it has claimed, and must not delete what was
// parked after that.
inline constexpr std::string_view kRecordParked =
    "insert into book_parked (id, queue, reason, subject, order_id, refund_id, step, attempts, "
    "first_at, last_at, detail, body) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) "
    "on conflict (subject) do update set attempts = max(attempts, excluded.attempts), "
    "last_at = max(last_at, excluded.last_at), "
    "detail = case when excluded.last_at >= last_at then excluded.detail else detail end, "
    "id = case when claimed_until is null then id else excluded.id end, "
    "body = case when claimed_until is null then body else excluded.body end, "
    "claimed_until = case when id = excluded.id then claimed_until end";
// ?1 time and ?2 id (before), ?3 limit, and what may be null: ?4 id, ?5 queue, ?6 reason, ?7 order.
inline constexpr std::string_view kListParked =
    "select " HF_PARKED_COLUMNS
    "from book_parked where (first_at, id) < (?1, ?2) and (?4 is null or id = ?4) "
    "and (?5 is null or queue = ?5) and (?6 is null or reason = ?6) "
    "and (?7 is null or order_id = ?7) order by first_at desc, id desc limit ?3";
// ?1 now, ?2 limit, and what may be null: ?3 id, ?4 queue, ?5 reason, ?6 order, ?7 last before.
inline constexpr std::string_view kUnclaimedParked =
    "select " HF_PARKED_COLUMNS
    "from book_parked where (claimed_until is null or claimed_until <= ?1) "
    "and (?3 is null or id = ?3) and (?4 is null or queue = ?4) and (?5 is null or reason = ?5) "
    "and (?6 is null or order_id = ?6) and (?7 is null or last_at < ?7) "
    "order by first_at, id limit ?2";
inline constexpr std::string_view kClaimParked =
    "update book_parked set claimed_until = ?2 where id = ?1";
inline constexpr std::string_view kParkedGroups =
    "select queue, reason, count(*), min(first_at) from book_parked group by queue, reason "
    "order by min(first_at) desc, queue, reason";
inline constexpr std::string_view kParkedOrder =
    "select 1 from book_parked where order_id = ?1 limit 1";
inline constexpr std::string_view kRemoveParked = "delete from book_parked where id = ?1";
inline constexpr std::string_view kRemoveParkedSubject =
    "delete from book_parked where subject = ?1";

// Events, plans, audit
inline constexpr std::string_view kInsertEvent =
    "insert into book_events (id, type, body, at) values (?1, ?2, ?3, ?4) "
    "on conflict (id) do nothing";
inline constexpr std::string_view kPendingEvents =
    "select id, type, body, at from book_events order by seq limit ?1";
inline constexpr std::string_view kDeleteEvent = "delete from book_events where id = ?1";
inline constexpr std::string_view kStorePlan =
    "insert into book_plans (plan, version, steps) values (?1, ?2, ?3) "
    "on conflict (plan, version) do nothing";
inline constexpr std::string_view kStoredPlans =
    "select plan, version, steps from book_plans order by plan, version";
inline constexpr std::string_view kRecordAudit =
    "insert into book_audit (actor, action, detail, at) values (?1, ?2, ?3, ?4)";

// The ledger's generation
inline constexpr std::string_view kGeneration = "select generation from book_ledger";
inline constexpr std::string_view kLedgerRecord = "select generation, ms, seq from book_ledger";
inline constexpr std::string_view kRaiseHighWater =
    "update book_ledger set ms = ?1, seq = ?2 where ms is null or (ms, seq) < (?1, ?2)";
inline constexpr std::string_view kBeginGeneration =
    "insert into book_ledger (only_row, generation) values (1, ?1) "
    "on conflict (only_row) do update set generation = ?1, ms = null, seq = null";
inline constexpr std::string_view kRecentOrders =
    "select order_id, reservation_id, fingerprint from book_orders where placed_at >= ?1 "
    "order by placed_at desc, order_id desc limit ?2";
inline constexpr std::string_view kUncountedRefunds =
    "select refund_id from book_refunds indexed by book_refunds_unreleased "
    "where stock_released = 0 and status = 'refunded' order by refunded_at, rowid";
inline constexpr std::string_view kUncountedOrders =
    "select reservation_id from book_orders indexed by book_orders_unreleased "
    "where stock_released = 0 and status = 'cancelled' order by placed_at, rowid";

// A hold that waits longer than it should says so in its error.
inline constexpr std::string_view kBacklog =
    "select (select count(*) from book_refunds where status = 'waiting' and status <> 'refunded'), "
    "(select count(*) from book_refunds where status = 'reversing' and status <> 'refunded'), "
    "(select count(*) from book_refunds where status = 'needs_attention' "
    "and status <> 'refunded'), "
    "(select count(*) from book_refunds indexed by book_refunds_unreleased "
    "where stock_released = 0 and status = 'refunded') "
    "+ (select count(*) from book_orders indexed by book_orders_unreleased "
    "where stock_released = 0 and status = 'cancelled'), "
    "(select count(*) from book_orders where status = 'processing' and status <> 'completed'), "
    "(select count(*) from book_orders where status = 'cancelling' and status <> 'completed'), "
    "(select count(*) from book_refunds where status = 'waiting' and status <> 'refunded' "
    "and error is not null), "
    "(select count(*) from book_events), "
    "(select count(*) from book_stock_changes where state = 'pending'), "
    "(select count(*) from book_parked), "
    "(select min(requested_at) from book_refunds where status = 'waiting' "
    "and status <> 'refunded')";

#undef HF_ORDER_COLUMNS
#undef HF_REFUND_COLUMNS
#undef HF_STOCK_COLUMNS
#undef HF_PARKED_COLUMNS

}  // namespace holdfast::embedded::book::sql
