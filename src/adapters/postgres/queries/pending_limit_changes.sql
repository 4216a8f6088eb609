-- SKUs whose purchase limit the ledger may not have, by name.
-- $1 timestamptz: set at or before, by the server's clock
-- Returns sku, loaded, sold, returned, purchase_limit.
select sku, loaded, sold, returned, purchase_limit
from stock
where limit_pending_since <= $1::timestamptz
order by sku;
