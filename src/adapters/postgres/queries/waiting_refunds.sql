-- The held refunds of these orders.
-- $1 uuid[]: order ids
-- Returns order_id, refund_id.
select order_id, refund_id
from refunds
where order_id = any ($1::uuid[]) and status = 'waiting'
order by requested_at, refund_id;
