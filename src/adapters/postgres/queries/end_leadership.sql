-- Gives leadership up.
-- Returns one row that says nothing.
select pg_advisory_unlock_all();
