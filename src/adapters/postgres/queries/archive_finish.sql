-- What follows from the rows that an archive has written: how accounts stand, and that no ledger
-- was built from this book.
insert into points (user_id, balance)
select user_id, sum(delta)::bigint from points_journal group by user_id order by user_id;
delete from ledger_high_water;
delete from ledger_state;
