-- Stores events to be published, in the order given; one that is there already stays as it is.
-- $1 uuid[] id   $2 text[] type   $3 text[] body   $4 timestamptz[] at
insert into events (id, type, body, at)
select id, type, body, at
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
  with ordinality as input (id, type, body, at, place)
order by place
on conflict (id) do nothing;
