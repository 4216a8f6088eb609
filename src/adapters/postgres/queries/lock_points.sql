-- Locks users' points in the order of users, so that the next statement knows what may be taken. A
-- user never seen gets a row: without one there is nothing to lock.
-- $1 text[]: user ids
-- Returns nothing.
insert into points (user_id, balance)
select distinct user_id collate "C", 0::bigint
from unnest($1::text[]) as asked (user_id)
order by user_id collate "C"
on conflict (user_id) do update set balance = points.balance where false;
