-- Every SKU by name.
-- Returns sku, loaded, sold, returned, purchase_limit.
select sku, loaded, sold, returned, purchase_limit from stock order by sku;
