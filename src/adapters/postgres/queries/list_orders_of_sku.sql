-- A page of the orders of one SKU, newest first: reads the SKU's journal, whose rows of kind
-- `order` carry the time at which their order was placed. Placeholders as in list_orders.sql.
-- :sku text, :placed_after timestamptz (inclusive), :placed_before timestamptz (exclusive),
-- :cursor_at timestamptz and :cursor_id uuid (the last order of the page before)
-- Returns the columns of an order.
select orders.order_id, reservation_id, fingerprint, user_id, currency, lines, plan, plan_version,
       attributes, amount, refunded_amount, status, reason, failed_step, steps, points_earned,
       placed_at, completed_at, next_check_at, stock_released, preempted_by
from stock_journal
join orders on orders.order_id = stock_journal.cause_id
where stock_journal.sku = :sku::text
  and stock_journal.kind = 'order'
/*if status*/         and status = '{status}'
/*if placed_after*/   and stock_journal.at >= :placed_after::timestamptz
/*if placed_before*/  and stock_journal.at < :placed_before::timestamptz
/*if cursor*/         and stock_journal.at <= :cursor_at::timestamptz
/*if cursor*/         and (stock_journal.at, stock_journal.cause_id)
/*if cursor*/             < (:cursor_at::timestamptz, :cursor_id::uuid)
order by stock_journal.at desc, stock_journal.cause_id desc
limit {limit};
