-- Begins another attempt to apply a pending purchase limit, unless somebody else has.
-- $1 text: sku   $2 bigint: the version of the attempt before
-- Returns the new attempt's version.
update stock set limit_version = limit_version + 1, limit_pending_since = clock_timestamp()
where sku = $1::text and limit_version = $2::bigint and limit_pending_since is not null
returning limit_version;
