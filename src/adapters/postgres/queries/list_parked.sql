-- A page of parked messages, newest first. Placeholders as in list_orders.sql.
-- :id uuid, :queue text, :reason text, :order_id uuid,
-- :cursor_at timestamptz and :cursor_id uuid (the last message of the page before)
-- Returns the columns of a parked message.
select id, queue, reason, subject, order_id, refund_id, step, attempts, first_at, last_at,
       detail, body
from parked
where true
/*if id*/        and id = :id::uuid
/*if queue*/     and queue = :queue::text
/*if reason*/    and reason = :reason::text
/*if order_id*/  and order_id = :order_id::uuid
/*if cursor*/    and (first_at, id) < (:cursor_at::timestamptz, :cursor_id::uuid)
order by first_at desc, id desc
limit {limit};
