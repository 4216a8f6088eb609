-- The current generation of the ledger, and the highest outbox id that settlements have seen.
-- Returns generation, ms, seq (null: none seen); no row before the first generation.
select generation, mark.ms, mark.seq
from ledger_state
left join lateral (
  select ms, seq from ledger_high_water order by ms desc, seq desc limit 1
) as mark on true;
