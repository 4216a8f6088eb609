-- Processes of Holdfast that are connected to this database.
-- Returns their number of connections.
select count(*)
from pg_stat_activity
where datname = current_database()
  and pid <> pg_backend_pid()
  and application_name in ('holdfast', current_setting('application_name'));
