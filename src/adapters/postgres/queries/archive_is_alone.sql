-- Whether no process of Holdfast but this one is connected to this database.
-- Returns one boolean.
select not exists (
  select from pg_stat_activity
  where datname = current_database()
    and pid <> pg_backend_pid()
    and application_name in ('holdfast', current_setting('application_name')));
