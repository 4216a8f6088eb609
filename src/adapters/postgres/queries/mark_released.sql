-- Records that the ledger has the stock of these refunds back.
-- $1 uuid[]: refund ids
-- Changes those not marked before.
update refunds set stock_released = true
where refund_id = any ($1::uuid[]) and not stock_released;
