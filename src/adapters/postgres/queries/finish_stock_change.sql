-- Ends a pending change of stock, as applied to the ledger or refused by it. A negative one that
-- was applied takes effect in the book now; a positive one that was refused is taken back.
-- Of a change that has ended, nothing changes.
-- $1 text: change_id   $2 boolean: applied
with change as (
  update stock_changes
  set state = case when $2::boolean then 'applied' else 'refused' end
  where change_id = $1::text and state = 'pending'
  returning change_id, kind, sku, at,
            case when $2::boolean then least(delta, 0) else -greatest(delta, 0) end as delta
),
moved as (
  update stock set loaded = loaded + change.delta
  from change
  where stock.sku = change.sku and change.delta <> 0
  returning stock.sku, loaded - sold + returned as on_hand, change.delta, change.at
),
told as (
  insert into events (id, type, body, at)
  select event.*
  from moved
  cross join lateral stock_event(moved.sku, moved.on_hand, moved.at) as event
  where (moved.on_hand = 0) <> (moved.on_hand - moved.delta = 0)
)
insert into stock_journal (sku, at, kind, cause_name, delta, loaded)
select sku, at, kind, change_id, delta, delta
from change
where delta <> 0;
