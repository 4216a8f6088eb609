-- Inserts refunds, or replaces them. Precondition: their orders are locked.
-- $1  uuid[] refund_id     $2  uuid[] order_id              $3  bytea[] fingerprint
-- $4  text[] status        $5  bigint[] amount              $6  jsonb[] lines
-- $7  boolean[] whole      $8  text[] when_incomplete       $9  text[] reason or null
-- $10 text[] error or null $11 bigint[] checks              $12 timestamptz[] next_check_at or null
-- $13 jsonb[] steps        $14 boolean[] stock_released     $15 timestamptz[] requested_at
-- $16 timestamptz[] refunded_at or null
-- Returns nothing; fails as a constraint when a refund's id belongs to another order.
with written as (
  insert into refunds (refund_id, order_id, fingerprint, status, amount, lines, whole,
                       when_incomplete, reason, error, checks, next_check_at, steps,
                       stock_released, requested_at, refunded_at)
  select *
  from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::text[], $5::bigint[], $6::jsonb[],
              $7::boolean[], $8::text[], $9::text[], $10::text[], $11::bigint[],
              $12::timestamptz[], $13::jsonb[], $14::boolean[], $15::timestamptz[],
              $16::timestamptz[])
    as input (refund_id, order_id, fingerprint, status, amount, lines, whole, when_incomplete,
              reason, error, checks, next_check_at, steps, stock_released, requested_at,
              refunded_at)
  order by refund_id
  on conflict (refund_id) do update
  set fingerprint = excluded.fingerprint, status = excluded.status, amount = excluded.amount,
      lines = excluded.lines, whole = excluded.whole, when_incomplete = excluded.when_incomplete,
      reason = excluded.reason, error = excluded.error, checks = excluded.checks,
      next_check_at = excluded.next_check_at, steps = excluded.steps,
      stock_released = excluded.stock_released, requested_at = excluded.requested_at,
      refunded_at = excluded.refunded_at
  where refunds.order_id = excluded.order_id
  returning 1
)
select refuse('a refund''s id belongs to another order')
where (select count(*) from written) < cardinality($1::uuid[]);
