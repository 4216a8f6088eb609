-- Makes calls with one change id wait for one another, whichever SKU they name.
-- $1 text: the change's id
-- Returns one row that says nothing. (The number keeps these locks apart from others.)
select count(pg_advisory_xact_lock(1, hashtext($1::text)));
