-- Reads orders.
-- $1 uuid[]: order ids
-- Returns the columns of an order.
select order_id, reservation_id, fingerprint, user_id, currency, lines, plan, plan_version,
       attributes, amount, refunded_amount, status, reason, failed_step, steps, points_earned,
       placed_at, completed_at, next_check_at, stock_released, preempted_by
from orders
where order_id = any ($1::uuid[]);
