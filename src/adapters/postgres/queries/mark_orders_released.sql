-- Records that the ledger has the stock of these orders back.
-- $1 uuid[]: order ids
-- Changes those not marked before, locked in the order of ids as every change of orders is.
with unmarked as materialized (
  select order_id
  from orders
  where order_id = any ($1::uuid[]) and not stock_released
  order by order_id
  for no key update
)
update orders set stock_released = true
from unmarked
where orders.order_id = unmarked.order_id;
