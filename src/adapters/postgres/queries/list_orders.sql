-- A page of orders, newest first. A line that begins with /*if X*/ stands only when X is asked
-- for; :x is a parameter; {limit} and {status} are put in as they are, so that the planner knows
-- them: the first decides how much is read, the second whether the partial index serves.
-- :user_id text, :sku text, :placed_after timestamptz (inclusive), :placed_before timestamptz
-- (exclusive), :cursor_at timestamptz and :cursor_id uuid (the last order of the page before)
-- Returns the columns of an order.
select order_id, reservation_id, fingerprint, user_id, currency, lines, plan, plan_version,
       attributes, amount, refunded_amount, status, reason, failed_step, steps, points_earned,
       placed_at, completed_at, next_check_at, stock_released, preempted_by
from orders
where true
/*if user_id*/        and user_id = :user_id::text
/*if status*/         and status = '{status}'
/*if placed_after*/   and placed_at >= :placed_after::timestamptz
/*if placed_before*/  and placed_at < :placed_before::timestamptz
/*if cursor*/         and (placed_at, order_id) < (:cursor_at::timestamptz, :cursor_id::uuid)
/*if sku*/            and exists (select from stock_journal
/*if sku*/                        where stock_journal.sku = :sku::text
/*if sku*/                          and stock_journal.at = orders.placed_at
/*if sku*/                          and stock_journal.kind = 'order'
/*if sku*/                          and stock_journal.cause_id = orders.order_id)
order by placed_at desc, order_id desc
limit {limit};
