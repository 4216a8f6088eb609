-- A page of SKUs by name. Placeholders as in list_orders.sql.
-- :cursor_sku text (the last SKU of the page before)
-- Returns sku, loaded, sold, returned, purchase_limit, limit_version.
select sku, loaded, sold, returned, purchase_limit, limit_version
from stock
where true
/*if cursor*/  and sku > :cursor_sku::text
order by sku
limit {limit};
