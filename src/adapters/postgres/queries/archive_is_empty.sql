-- Whether the book is one that an archive may be written into: plans and audit do not count, which
-- a Holdfast that has never been used has written.
-- Returns one boolean.
select not (exists (select from orders) or exists (select from refunds)
            or exists (select from stock) or exists (select from stock_journal)
            or exists (select from stock_changes) or exists (select from points)
            or exists (select from points_journal) or exists (select from parked)
            or exists (select from events));
