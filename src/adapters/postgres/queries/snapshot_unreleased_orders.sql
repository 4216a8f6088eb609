-- Cancelled orders whose stock the book counts as back on sale, and the ledger may not.
-- Returns reservation_id.
select reservation_id
from orders
where not stock_released and coalesce(status, '') = 'cancelled'
order by placed_at;
