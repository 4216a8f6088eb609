-- A user's latest movements of points, newest first. Placeholders as in list_orders.sql.
-- :user_id text
-- Returns user_id, delta, kind, cause_id, cause_name, at.
select user_id, delta, kind, cause_id, cause_name, at
from points_journal
where user_id = :user_id::text
order by at desc, id desc
limit {limit};
