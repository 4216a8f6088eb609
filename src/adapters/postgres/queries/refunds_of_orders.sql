-- All refunds of these orders, oldest first.
-- $1 uuid[]: order ids
-- Returns the columns of a refund.
select refund_id, order_id, fingerprint, status, amount, lines, whole, when_incomplete, reason,
       error, checks, next_check_at, steps, stock_released, requested_at, refunded_at
from refunds
where order_id = any ($1::uuid[])
order by requested_at, refund_id;
