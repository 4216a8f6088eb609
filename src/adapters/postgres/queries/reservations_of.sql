-- Under which reservations orders stand, and how. Asked after a settlement that met another one's
-- orders.
-- $1 uuid[]: order ids
-- Returns order_id, reservation_id, status.
select order_id, reservation_id, status from orders where order_id = any ($1::uuid[]);
