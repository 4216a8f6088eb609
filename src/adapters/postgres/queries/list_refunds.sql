-- A page of refunds, newest first. Placeholders as in list_orders.sql.
-- :order_id uuid, :cursor_at timestamptz and :cursor_id uuid (the last refund of the page before)
-- Returns the columns of a refund.
select refund_id, order_id, fingerprint, status, amount, lines, whole, when_incomplete, reason,
       error, checks, next_check_at, steps, stock_released, requested_at, refunded_at
from refunds
where true
/*if order_id*/  and order_id = :order_id::uuid
/*if status*/    and status = '{status}'
/*if cursor*/    and (requested_at, refund_id) < (:cursor_at::timestamptz, :cursor_id::uuid)
order by requested_at desc, refund_id desc
limit {limit};
