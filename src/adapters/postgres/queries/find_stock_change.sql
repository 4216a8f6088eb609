-- One change of stock.
-- $1 text: its id
-- Returns change_id, kind, sku, delta, reason, state, at, asked_delta, asked_on_hand.
select change_id, kind, sku, delta, reason, state, at, asked_delta, asked_on_hand
from stock_changes
where change_id = $1::text;
