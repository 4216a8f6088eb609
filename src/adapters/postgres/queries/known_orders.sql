-- Which of these orders the book has; an index-only look for the repeats of old orders.
-- $1 uuid[]: order ids
-- Returns order_id.
select order_id from orders where order_id = any ($1::uuid[]);
