-- Applies movements of stock, summed per SKU and in the order of SKUs, and journals each. A SKU
-- that runs out by them, or is back, becomes an event.
-- $1 text[] sku     $2 bigint[] delta          $3 bigint[] loaded         $4 bigint[] sold
-- $5 bigint[] returned  $6 text[] kind         $7 uuid[] cause_id or null
-- $8 text[] cause_name or null                 $9 timestamptz[] at
-- Returns nothing; fails as a constraint when the stock would fall below zero or a SKU is missing.
with movement as (
  select sku collate "C" as sku, delta, loaded, sold, returned, kind, cause_id, cause_name, at
  from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
              $7::uuid[], $8::text[], $9::timestamptz[])
    as m (sku, delta, loaded, sold, returned, kind, cause_id, cause_name, at)
),
moved as (
  update stock
  set loaded = stock.loaded + per_sku.loaded, sold = stock.sold + per_sku.sold,
      returned = stock.returned + per_sku.returned
  from (select sku, sum(loaded)::bigint as loaded, sum(sold)::bigint as sold,
               sum(returned)::bigint as returned, max(at) as at
        from movement group by sku order by sku) as per_sku
  where stock.sku = per_sku.sku
  returning stock.sku, stock.loaded - stock.sold + stock.returned as on_hand,
            stock.loaded - stock.sold + stock.returned
              - per_sku.loaded + per_sku.sold - per_sku.returned as was_on_hand,
            per_sku.at
),
told as (
  insert into events (id, type, body, at)
  select event.*
  from moved
  cross join lateral stock_event(moved.sku, moved.on_hand, moved.at) as event
  where (moved.on_hand = 0) <> (moved.was_on_hand = 0)
),
journaled as (
  insert into stock_journal (sku, at, kind, cause_id, cause_name, delta, loaded, sold, returned)
  select sku, at, kind, cause_id, cause_name, delta, loaded, sold, returned
  from movement
)
select refuse('a movement names a SKU that the book has not')
where (select count(*) from moved) < (select count(distinct sku) from movement);
