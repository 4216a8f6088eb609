-- Orders to be looked at again, oldest first. Placeholders as in list_orders.sql.
-- :now timestamptz
-- Returns order_id.
select order_id
from orders
where next_check_at <= :now::timestamptz
order by next_check_at
limit {limit};
