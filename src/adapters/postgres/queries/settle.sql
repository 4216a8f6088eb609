-- Writes a batch of orders with their stock and points. All of it depends on which orders were
-- inserted: a redelivered order moves nothing. A SKU that runs out by them becomes an event.
--
-- $1  uuid[] order_id            $2  uuid[] reservation_id     $3  text[] generation
-- $4  bytea[] fingerprint        $5  text[] user_id            $6  text[] currency
-- $7  jsonb[] lines              $8  text[] plan               $9  text[] plan_version
-- $10 jsonb[] attributes or null $11 bigint[] amount           $12 bigint[] refunded_amount
-- $13 text[] status              $14 text[] reason or null     $15 text[] failed_step or null
-- $16 jsonb[] steps              $17 bigint[] points_earned    $18 timestamptz[] placed_at
-- $19 timestamptz[] completed_at or null  $20 timestamptz[] next_check_at or null
-- $21 boolean[] stock_released            $22 uuid[] preempted_by or null
--   one row per movement of stock:
-- $23 uuid[] reservation_id  $24 text[] sku  $25 bigint[] delta  $26 bigint[] sold
-- $27 bigint[] returned      $28 text[] kind $29 timestamptz[] at
--   one row per movement of points:
-- $30 uuid[] reservation_id  $31 text[] user_id  $32 bigint[] delta  $33 text[] kind
-- $34 timestamptz[] at
--   the highest outbox id of each generation in the batch:
-- $35 text[] generation  $36 bigint[] ms  $37 bigint[] seq
-- $38 bigint: rows of ledger_high_water
--
-- Returns a row per order that was not inserted: reservation_id (the batch's), whether its
-- generation is the current one, and under which reservation and in which status the order stands.
-- The last two are null when the order is not in the book, or came in while this ran.
--
-- Locks are taken in the order orders, stock, points, high water, each by key; a count of one
-- step's rows in the next makes the next one wait for it. This statement's lock on
-- ledger_high_water is taken before its snapshot: it sees the generation of whoever held the
-- table before.
with input as (
  select *
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::text[],
              $7::jsonb[], $8::text[], $9::text[], $10::jsonb[], $11::bigint[], $12::bigint[],
              $13::text[], $14::text[], $15::text[], $16::jsonb[], $17::bigint[],
              $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], $21::boolean[],
              $22::uuid[])
    as input (order_id, reservation_id, generation, fingerprint, user_id, currency, lines, plan,
              plan_version, attributes, amount, refunded_amount, status, reason, failed_step,
              steps, points_earned, placed_at, completed_at, next_check_at, stock_released,
              preempted_by)
),
inserted as (
  insert into orders (order_id, reservation_id, fingerprint, user_id, currency, lines, plan,
                      plan_version, attributes, amount, refunded_amount, status, reason,
                      failed_step, steps, points_earned, placed_at, completed_at, next_check_at,
                      stock_released, preempted_by)
  select order_id, reservation_id, fingerprint, user_id, currency, lines, plan, plan_version,
         attributes, amount, refunded_amount, status, reason, failed_step, steps, points_earned,
         placed_at, completed_at, next_check_at, stock_released, preempted_by
  from input
  where generation = (select generation from ledger_state)
  order by order_id
  on conflict (order_id) do nothing
  returning reservation_id, order_id, placed_at
),
movement as (
  select m.sku collate "C" as sku, m.delta, m.sold, m.returned, m.kind, m.at,
         inserted.order_id, inserted.placed_at
  from unnest($23::uuid[], $24::text[], $25::bigint[], $26::bigint[], $27::bigint[], $28::text[],
              $29::timestamptz[])
    as m (reservation_id, sku, delta, sold, returned, kind, at)
  join inserted using (reservation_id)
),
moved as (
  update stock
  set sold = stock.sold + per_sku.sold, returned = stock.returned + per_sku.returned
  from (select sku, sum(sold)::bigint as sold, sum(returned)::bigint as returned, max(at) as at
        from movement group by sku order by sku) as per_sku
  where stock.sku = per_sku.sku
  returning stock.sku, loaded - stock.sold + stock.returned as on_hand,
            loaded - stock.sold + stock.returned + per_sku.sold - per_sku.returned as was_on_hand,
            per_sku.at
),
told as (
  insert into events (id, type, body, at)
  select event.*
  from moved
  cross join lateral stock_event(moved.sku, moved.on_hand, moved.at) as event
  where (moved.on_hand = 0) <> (moved.was_on_hand = 0)
),
stock_journaled as (
  insert into stock_journal (sku, at, kind, cause_id, delta, sold, returned)
  select sku, case when kind = 'order' then placed_at else at end, kind, order_id, delta, sold,
         returned
  from movement
),
points_movement as (
  select p.user_id collate "C" as user_id, p.delta, p.kind, p.at, inserted.order_id
  from unnest($30::uuid[], $31::text[], $32::bigint[], $33::text[], $34::timestamptz[])
    as p (reservation_id, user_id, delta, kind, at)
  join inserted using (reservation_id)
),
credited as (
  insert into points (user_id, balance)
  select user_id, sum(delta)::bigint
  from points_movement
  where (select count(*) from moved) >= 0
  group by user_id
  order by user_id
  on conflict (user_id) do update set balance = points.balance + excluded.balance
  returning 1
),
points_journaled as (
  insert into points_journal (user_id, at, kind, cause_id, delta)
  select user_id, at, kind, order_id, delta
  from points_movement
),
seen as (
  insert into ledger_high_water (slot, ms, seq)
  select pg_backend_pid() % $38::bigint, ms, seq
  from unnest($35::text[], $36::bigint[], $37::bigint[]) as mark (generation, ms, seq)
  where generation = (select generation from ledger_state)
    and (select count(*) from credited) >= 0
  on conflict (slot) do update set ms = excluded.ms, seq = excluded.seq
  where (excluded.ms, excluded.seq) > (ledger_high_water.ms, ledger_high_water.seq)
)
select input.reservation_id,
       input.generation is not distinct from (select generation from ledger_state),
       orders.reservation_id,
       orders.status
from input
left join orders on orders.order_id = input.order_id
where input.reservation_id not in (select reservation_id from inserted)
union all
select refuse('a movement names a SKU that the book has not'), null, null, null
where (select count(*) from moved) < (select count(distinct sku) from movement);
