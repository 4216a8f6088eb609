-- Waits for every settlement under way and keeps new ones waiting. Taken before the transaction's
-- snapshot, so that the snapshot has all they wrote.
lock table ledger_high_water in exclusive mode;
