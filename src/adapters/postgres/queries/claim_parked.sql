-- Takes parked messages for sending again, oldest first, so that nobody else takes them before
-- :claimed_until. Placeholders as in list_orders.sql.
-- :id uuid, :queue text, :reason text, :order_id uuid, :last_before timestamptz (exclusive),
-- :now timestamptz, :claimed_until timestamptz
-- Returns the columns of a parked message.
update parked set claimed_until = :claimed_until::timestamptz
where id in (
  select id
  from parked
  where (claimed_until is null or claimed_until <= :now::timestamptz)
/*if id*/        and id = :id::uuid
/*if queue*/     and queue = :queue::text
/*if reason*/    and reason = :reason::text
/*if order_id*/  and order_id = :order_id::uuid
/*if last_before*/ and last_at < :last_before::timestamptz
  order by first_at, id
  limit {limit}
  for update skip locked)
returning id, queue, reason, subject, order_id, refund_id, step, attempts, first_at, last_at,
          detail, body;
