-- Events that are not published, in the order in which they were written. Placeholders as in
-- list_orders.sql.
-- Returns id, type, body, at.
select id, type, body, at
from events
order by seq
limit {limit};
