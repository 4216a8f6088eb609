-- Deletes what is parked of these subjects: their trouble is over.
-- $1 text[]: subjects
delete from parked where subject = any ($1::text[]);
