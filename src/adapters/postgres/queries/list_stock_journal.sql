-- A page of a SKU's movements, newest first. Placeholders as in list_orders.sql.
-- :sku text, :cursor_at timestamptz and :cursor_id bigint (the last movement of the page before)
-- Returns id, sku, delta, loaded, sold, returned, kind, cause_id, cause_name, at.
select id, sku, delta, loaded, sold, returned, kind, cause_id, cause_name, at
from stock_journal
where sku = :sku::text
/*if cursor*/  and (at, id) < (:cursor_at::timestamptz, :cursor_id::bigint)
order by at desc, id desc
limit {limit};
