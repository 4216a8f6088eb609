-- One SKU.
-- $1 text: sku
-- Returns sku, loaded, sold, returned, purchase_limit, limit_version.
select sku, loaded, sold, returned, purchase_limit, limit_version from stock where sku = $1::text;
