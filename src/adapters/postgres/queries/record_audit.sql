-- Writes down what an operator did.
-- $1 text actor   $2 text action   $3 text detail   $4 timestamptz at
insert into audit (actor, action, detail, at)
values ($1::text, $2::text, $3::text, $4::timestamptz);
