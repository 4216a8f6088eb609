-- Stores versions of plans; one that is there already stays as it is.
-- $1 text[] plan   $2 text[] version   $3 jsonb[] steps
insert into plans (plan, version, steps)
select plan collate "C", version collate "C", steps
from unnest($1::text[], $2::text[], $3::jsonb[]) as input (plan, version, steps)
order by 1, 2
on conflict (plan, version) do nothing;
