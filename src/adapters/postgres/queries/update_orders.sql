-- Writes what may change of orders that this transaction has locked.
-- $1 uuid[] order_id        $2 jsonb[] lines            $3 bigint[] refunded_amount
-- $4 text[] status          $5 text[] reason or null    $6 text[] failed_step or null
-- $7 jsonb[] steps          $8 bigint[] points_earned   $9 timestamptz[] completed_at or null
-- $10 timestamptz[] next_check_at or null               $11 boolean[] stock_released
-- $12 uuid[] preempted_by or null
-- Changes one row per order.
update orders
set lines = input.lines, refunded_amount = input.refunded_amount, status = input.status,
    reason = input.reason, failed_step = input.failed_step, steps = input.steps,
    points_earned = input.points_earned, completed_at = input.completed_at,
    next_check_at = input.next_check_at, stock_released = input.stock_released,
    preempted_by = input.preempted_by
from unnest($1::uuid[], $2::jsonb[], $3::bigint[], $4::text[], $5::text[], $6::text[],
            $7::jsonb[], $8::bigint[], $9::timestamptz[], $10::timestamptz[], $11::boolean[],
            $12::uuid[])
  as input (order_id, lines, refunded_amount, status, reason, failed_step, steps, points_earned,
            completed_at, next_check_at, stock_released, preempted_by)
where orders.order_id = input.order_id;
