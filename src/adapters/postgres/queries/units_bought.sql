-- Units of one SKU per user over orders that stand. An order being cancelled still counts, and a
-- cancelled one whose units the ledger may not have back: they are taken off when they come back on
-- sale, all of them, whatever its lines say was refunded. One whose units the ledger has already
-- belongs among those left out.
-- A refund counts as given back when its stock is marked so, or when it is among those that the
-- ledger has. One snapshot sees to it that none counts in neither way, or in both.
-- $1 text: sku   $2 uuid[]: orders left out   $3 uuid[]: refunds that the ledger has
-- Returns user_id, units.
select user_id, sum(units)::bigint
from (
  select orders.user_id,
         (line ->> 'quantity')::bigint
           - case when orders.status = 'cancelled' then 0
                  else coalesce((line ->> 'refunded')::bigint, 0) end as units
  from stock_journal
  join orders on orders.order_id = stock_journal.cause_id
  cross join lateral jsonb_array_elements(orders.lines) as line
  where stock_journal.sku = $1::text
    and stock_journal.kind = 'order'
    and (orders.status in ('processing', 'completed', 'partially_refunded', 'cancelling')
         or (orders.status = 'cancelled' and not orders.stock_released))
    and orders.order_id <> all ($2::uuid[])
    and line ->> 'sku' = $1::text
  union all
  select orders.user_id, (line ->> 'quantity')::bigint
  from refunds
  join orders on orders.order_id = refunds.order_id
  cross join lateral jsonb_array_elements(refunds.lines) as line
  where refunds.status = 'refunded'
    and not refunds.stock_released
    and refunds.refund_id <> all ($3::uuid[])
    and refunds.order_id <> all ($2::uuid[])
    and line ->> 'sku' = $1::text
) as counted
group by user_id
having sum(units) > 0
order by user_id;
