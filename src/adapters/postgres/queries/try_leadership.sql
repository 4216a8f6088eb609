-- Tries to become the one that rebuilds the ledger, until the connection's end.
-- Returns one boolean. (The numbers keep this lock apart from others.)
select pg_try_advisory_lock(2, 1);
