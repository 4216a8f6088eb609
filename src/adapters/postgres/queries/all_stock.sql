-- Every SKU by name.
-- Returns sku, loaded, sold, returned, purchase_limit, limit_version.
select sku, loaded, sold, returned, purchase_limit, limit_version from stock order by sku;
