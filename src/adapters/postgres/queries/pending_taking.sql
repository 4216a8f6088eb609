-- What begun and unfinished changes will take from a SKU: zero or negative.
-- $1 text: sku
-- Returns one bigint.
select coalesce(sum(delta), 0)::bigint
from stock_changes
where sku = $1::text and state = 'pending' and delta < 0;
