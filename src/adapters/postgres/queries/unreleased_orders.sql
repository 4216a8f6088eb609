-- Orders that are cancelled and whose stock the ledger may not have back, oldest first.
-- Placeholders as in list_orders.sql.
-- :placed_before timestamptz (inclusive)
-- Returns the columns of an order.
--
-- The status is compared in a way that no index serves: the one of the unreleased holds few, while
-- that of a status would be read through all that were ever cancelled.
select order_id, reservation_id, fingerprint, user_id, currency, lines, plan, plan_version,
       attributes, amount, refunded_amount, status, reason, failed_step, steps, points_earned,
       placed_at, completed_at, next_check_at, stock_released, preempted_by
from orders
where not stock_released and coalesce(status, '') = 'cancelled'
  and placed_at <= :placed_before::timestamptz
order by placed_at
limit {limit};
