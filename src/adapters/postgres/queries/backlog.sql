-- How much waits to be done. Reads only partial indexes and small tables.
-- Returns one row: waiting, reversing, needs_attention, unreleased (refunds, then orders),
-- processing, cancelling, overdue_holds, unpublished_events, pending_changes, parked, oldest_hold_at.
select
  (select count(*) from refunds where status = 'waiting'),
  (select count(*) from refunds where status = 'reversing'),
  (select count(*) from refunds where status = 'needs_attention'),
  (select count(*) from refunds where not stock_released and status = 'refunded'),
  (select count(*) from orders where not stock_released and coalesce(status, '') = 'cancelled'),
  (select count(*) from orders where status = 'processing'),
  (select count(*) from orders where status = 'cancelling'),
  -- A hold that waits longer than it should says so in its error.
  (select count(*) from refunds where status = 'waiting' and error is not null),
  (select count(*) from events),
  (select count(*) from stock_changes where state = 'pending'),
  (select count(*) from parked),
  (select min(requested_at) from refunds where status = 'waiting');
