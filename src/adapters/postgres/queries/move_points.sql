-- Applies movements of points, summed per user and in the order of users, and journals each.
-- $1 text[] user_id  $2 bigint[] delta  $3 text[] kind  $4 uuid[] cause_id or null
-- $5 text[] cause_name or null          $6 timestamptz[] at
-- $7 boolean: what is taken stops at a balance of zero. What a user gets in this call counts first,
--    of several takings the earlier ones go first, and one that takes nothing leaves no trace.
--    Precondition: lock_points.sql was run in this transaction.
-- Returns nothing.
with movement as (
  select user_id collate "C" as user_id, delta, kind, cause_id, cause_name, at,
         coalesce(sum(-least(delta, 0)) over (partition by user_id collate "C" order by place
           rows between unbounded preceding and 1 preceding), 0)::bigint as taken_before
  from unnest($1::text[], $2::bigint[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[])
    with ordinality as m (user_id, delta, kind, cause_id, cause_name, at, place)
),
asked as (
  select user_id, sum(greatest(delta, 0))::bigint as given, sum(-least(delta, 0))::bigint as taken
  from movement
  group by user_id
),
allowed as (
  select asked.user_id, given,
         case when $7::boolean then least(taken, greatest(points.balance + given, 0))
              else taken end as taken
  from asked
  -- Looks no balance up unless it is asked for.
  left join points on points.user_id = case when $7::boolean then asked.user_id end
),
credited as (
  insert into points (user_id, balance)
  select user_id, given - taken from allowed order by user_id
  on conflict (user_id) do update set balance = points.balance + excluded.balance
),
moved as (
  select movement.user_id, at, kind, cause_id, cause_name,
         case when delta > 0 then delta
              else -greatest(least(-delta, allowed.taken - taken_before), 0) end as delta
  from movement
  join allowed on allowed.user_id = movement.user_id
)
insert into points_journal (user_id, at, kind, cause_id, cause_name, delta)
select user_id, at, kind, cause_id, cause_name, delta
from moved
where delta <> 0;
