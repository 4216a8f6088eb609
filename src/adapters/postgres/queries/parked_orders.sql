-- Which of these orders have a parked message.
-- $1 uuid[]: order ids
-- Returns order_id.
select distinct order_id from parked where order_id = any ($1::uuid[]);
