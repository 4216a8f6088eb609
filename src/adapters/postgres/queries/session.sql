-- Sets up a new connection.
-- $1 text: milliseconds after which the server cancels a transaction's statements
-- $2 text: the source that events name
-- Returns one row that says nothing.
select set_config('statement_timeout', $1::text, false),
       -- A transaction whose client went away must not keep its locks.
       set_config('idle_in_transaction_session_timeout', $1::text, false),
       set_config('client_connection_check_interval', '1s', false),
       set_config('tcp_user_timeout', '10s', false),
       set_config('tcp_keepalives_idle', '10s', false),
       set_config('TimeZone', 'UTC', false),
       set_config('default_transaction_isolation', 'read committed', false),
       set_config('holdfast.event_source', $2::text, false),
       -- Every statement here finds its rows by key. Without sequential and bitmap scans an update
       -- that joins a sorted list also locks in the list's order, whatever the statistics say:
       -- that is what keeps concurrent settlements free of deadlocks.
       set_config('enable_seqscan', 'off', false),
       set_config('enable_bitmapscan', 'off', false),
       -- Planning a settlement costs more than running a small one.
       set_config('plan_cache_mode', 'force_generic_plan', false),
       set_config('jit', 'off', false);
