-- Refunds to be looked at again, oldest first. Placeholders as in list_orders.sql.
-- :now timestamptz
-- Returns the columns of a refund.
select refund_id, order_id, fingerprint, status, amount, lines, whole, when_incomplete, reason,
       error, checks, next_check_at, steps, stock_released, requested_at, refunded_at
from refunds
where next_check_at <= :now::timestamptz
order by next_check_at
limit {limit};
