-- Deletes parked messages.
-- $1 uuid[]: ids
delete from parked where id = any ($1::uuid[]);
