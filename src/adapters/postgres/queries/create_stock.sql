-- Creates a SKU with nothing in stock, if the book has it not.
-- $1 text: sku
insert into stock (sku) values ($1::text) on conflict (sku) do nothing;
