-- Deletes events that were published.
-- $1 uuid[]: ids
delete from events where id = any ($1::uuid[]);
