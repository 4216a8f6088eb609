-- One SKU.
-- $1 text: sku
-- Returns sku, loaded, sold, returned, purchase_limit.
select sku, loaded, sold, returned, purchase_limit from stock where sku = $1::text;
