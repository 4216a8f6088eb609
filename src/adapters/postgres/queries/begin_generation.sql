-- Records a new generation of the ledger.
-- $1 text: its name
with forgotten as (
  delete from ledger_high_water
)
insert into ledger_state (generation) values ($1::text)
on conflict (only_row) do update set generation = excluded.generation;
