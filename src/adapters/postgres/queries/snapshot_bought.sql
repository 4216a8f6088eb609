-- Units per SKU with a purchase limit and user, over orders that stand. See units_bought.sql.
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
