-- Applies movements of points, summed per user and in the order of users, and journals each.
-- $1 text[] user_id  $2 bigint[] delta  $3 text[] kind  $4 uuid[] cause_id or null
-- $5 text[] cause_name or null          $6 timestamptz[] at
-- Returns nothing.
with movement as (
  select user_id collate "C" as user_id, delta, kind, cause_id, cause_name, at
  from unnest($1::text[], $2::bigint[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[])
    as m (user_id, delta, kind, cause_id, cause_name, at)
),
credited as (
  insert into points (user_id, balance)
  select user_id, sum(delta)::bigint from movement group by user_id order by user_id
  on conflict (user_id) do update set balance = points.balance + excluded.balance
)
insert into points_journal (user_id, at, kind, cause_id, cause_name, delta)
select user_id, at, kind, cause_id, cause_name, delta
from movement;
