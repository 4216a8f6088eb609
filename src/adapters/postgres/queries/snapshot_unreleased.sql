-- Refunds that the book counts as given back and the ledger may not.
-- Returns refund_id.
select refund_id from refunds where not stock_released and status = 'refunded' order by refunded_at;
