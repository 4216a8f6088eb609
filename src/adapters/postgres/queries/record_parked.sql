-- Stores parked messages; of a known subject the attempts, time and detail move forward. A row that
-- is being sent again (claimed) takes the new message's id and body: the one who claimed it is
-- about to delete the id it has claimed, and must not delete what was parked after that.
-- $1 uuid[] id          $2 text[] queue             $3 text[] reason   $4 text[] subject
-- $5 uuid[] order_id or null  $6 uuid[] refund_id or null  $7 text[] step or null
-- $8 bigint[] attempts  $9 timestamptz[] first_at   $10 timestamptz[] last_at
-- $11 text[] detail     $12 bytea[] body
insert into parked (id, queue, reason, subject, order_id, refund_id, step, attempts, first_at,
                    last_at, detail, body)
select *
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[],
            $8::bigint[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::bytea[])
  as input (id, queue, reason, subject, order_id, refund_id, step, attempts, first_at, last_at,
            detail, body)
order by subject collate "C"
on conflict (subject) do update
set attempts = greatest(parked.attempts, excluded.attempts),
    last_at = greatest(parked.last_at, excluded.last_at),
    detail = case when excluded.last_at >= parked.last_at then excluded.detail
                  else parked.detail end,
    id = case when parked.claimed_until is null then parked.id else excluded.id end,
    body = case when parked.claimed_until is null then parked.body else excluded.body end,
    claimed_until = case when parked.id = excluded.id then parked.claimed_until end;
