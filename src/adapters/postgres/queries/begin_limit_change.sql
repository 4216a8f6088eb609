-- Stores a purchase limit that the ledger does not have yet.
-- $1 text: sku   $2 bigint or null: the limit
update stock set purchase_limit = $2::bigint, limit_pending_since = clock_timestamp()
where sku = $1::text;
