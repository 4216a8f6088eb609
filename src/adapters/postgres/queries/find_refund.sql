-- One refund.
-- $1 uuid: its id
-- Returns the columns of a refund.
select refund_id, order_id, fingerprint, status, amount, lines, whole, when_incomplete, reason,
       error, checks, next_check_at, steps, stock_released, requested_at, refunded_at
from refunds
where refund_id = $1::uuid;
