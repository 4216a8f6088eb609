-- SKUs whose purchase limit the ledger may not have, by name.
-- $1 timestamptz: set at or before, by the server's clock
-- Returns sku, loaded, sold, returned, purchase_limit, limit_version.
select sku, loaded, sold, returned, purchase_limit, limit_version
from stock
where limit_pending_since <= $1::timestamptz
order by sku;
