-- Records that the ledger has a purchase limit, unless another attempt has begun meanwhile.
-- $1 text: sku   $2 bigint: the version of the attempt
update stock set limit_pending_since = null
where sku = $1::text and limit_version = $2::bigint;
