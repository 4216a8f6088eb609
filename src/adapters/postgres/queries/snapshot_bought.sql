-- Units per SKU with a purchase limit and user, over orders that stand. Unlike in units_bought.sql
-- a cancelled order counts for nothing, whether or not the ledger had its units back: the ledger
-- that is computed from this is told that it has (snapshot_unreleased_orders.sql), and will not
-- take them off again.
-- Returns sku, user_id, units.
select stock.sku, orders.user_id,
       sum((line ->> 'quantity')::bigint - coalesce((line ->> 'refunded')::bigint, 0))::bigint
from stock
join stock_journal on stock_journal.sku = stock.sku and stock_journal.kind = 'order'
join orders on orders.order_id = stock_journal.cause_id
cross join lateral jsonb_array_elements(orders.lines) as line
where stock.purchase_limit is not null
  and orders.status in ('processing', 'completed', 'partially_refunded', 'cancelling')
  and line ->> 'sku' = stock.sku
group by stock.sku, orders.user_id
having sum((line ->> 'quantity')::bigint - coalesce((line ->> 'refunded')::bigint, 0)) > 0
order by stock.sku, orders.user_id;
