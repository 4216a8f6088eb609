-- Orders placed lately, newest first. Placeholders as in list_orders.sql.
-- :since timestamptz
-- Returns order_id, reservation_id, fingerprint.
select order_id, reservation_id, fingerprint
from orders
where placed_at >= :since::timestamptz
order by placed_at desc, order_id desc
limit {limit};
