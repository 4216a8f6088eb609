-- Asks whether the server answers and the book is there.
select count(*) from ledger_state;
