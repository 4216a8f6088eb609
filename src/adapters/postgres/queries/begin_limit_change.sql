-- Stores a purchase limit that the ledger does not have yet.
-- $1 text: sku   $2 bigint or null: the limit
-- Returns the version of the attempt to apply it.
update stock set purchase_limit = $2::bigint, limit_pending_since = clock_timestamp(),
                 limit_version = limit_version + 1
where sku = $1::text
returning limit_version;
