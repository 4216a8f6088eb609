-- Changes of stock that were begun and not finished, oldest first. Placeholders as in
-- list_orders.sql.
-- :begun_before timestamptz (inclusive)
-- Returns change_id, kind, sku, delta, reason, state, at.
select change_id, kind, sku, delta, reason, state, at
from stock_changes
where state = 'pending' and at <= :begun_before::timestamptz
order by at, change_id
limit {limit};
