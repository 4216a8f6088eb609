-- Records that the ledger has a purchase limit, unless it was changed again meanwhile.
-- $1 text: sku   $2 bigint or null: the limit the ledger was told
update stock set limit_pending_since = null
where sku = $1::text and purchase_limit is not distinct from $2::bigint;
