-- Stores a change of stock; a positive one takes effect in the book at once.
-- $1 text change_id       $2 text kind              $3 text sku     $4 bigint asked_delta or null
-- $5 bigint asked_on_hand or null  $6 bigint delta  $7 text reason or null  $8 text state
-- $9 timestamptz at
with change as (
  insert into stock_changes (change_id, kind, sku, asked_delta, asked_on_hand, delta, reason,
                             state, at)
  values ($1::text, $2::text, $3::text, $4::bigint, $5::bigint, $6::bigint, $7::text, $8::text,
          $9::timestamptz)
  returning change_id, kind, sku, delta, at
),
moved as (
  update stock set loaded = loaded + change.delta
  from change
  where stock.sku = change.sku and change.delta > 0
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
where delta > 0;
