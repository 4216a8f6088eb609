-- A user's balance.
-- $1 text: user_id
-- Returns balance; no row for a user never seen.
select balance from points where user_id = $1::text;
