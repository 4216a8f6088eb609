-- Locks order ids until the transaction's end, whether or not the orders are in the book.
-- $1 bigint[]: a key per order, ascending
-- Returns one row that says nothing.
select count(pg_advisory_xact_lock(key)) from unnest($1::bigint[]) as key;
