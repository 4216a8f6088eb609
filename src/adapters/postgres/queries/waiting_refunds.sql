-- The held refunds of these orders.
-- $1 uuid[]: order ids
-- Returns order_id, refund_id.
--
-- The status is compared in a way that no partial index serves: by order is always cheap, while the
-- index of all held refunds would be read from end to end for every batch.
select order_id, refund_id
from refunds
where order_id = any ($1::uuid[]) and coalesce(status, '') = 'waiting'
order by requested_at, refund_id;
