-- Refunds that are done and whose stock the ledger may not have back, oldest first. Placeholders as
-- in list_orders.sql.
-- :reversed_before timestamptz (inclusive)
-- Returns the columns of a refund, and the order's user_id.
select refund_id, refunds.order_id, refunds.fingerprint, refunds.status, refunds.amount,
       refunds.lines, whole, when_incomplete, refunds.reason, error, checks,
       refunds.next_check_at, refunds.steps, refunds.stock_released, requested_at, refunded_at,
       orders.user_id
from refunds
join orders on orders.order_id = refunds.order_id
where not refunds.stock_released and refunds.status = 'refunded'
  and refunded_at <= :reversed_before::timestamptz
order by refunded_at
limit {limit};
