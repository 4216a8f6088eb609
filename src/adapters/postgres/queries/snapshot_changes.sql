-- Changes of stock begun and not finished.
-- Returns change_id, delta.
select change_id, delta from stock_changes where state = 'pending' order by at, change_id;
