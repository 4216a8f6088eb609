# The stack's PostgreSQL 15. The server refuses to run as root: then it runs as the account
# `postgres`, in a folder which that account can reach.
# shellcheck shell=bash disable=SC2154

postgres_bin=/usr/lib/postgresql/15/bin
postgres_account=postgres
postgres_elsewhere=/var/lib/holdfast-stack

postgres_ports() { port_of postgres; }
# shellcheck disable=SC2034  # read by name
postgres_deadline_s=90

as_postgres() { # COMMAND...
  if ((EUID == 0)); then
    setpriv --reuid="$postgres_account" --regid="$postgres_account" --init-groups -- "$@"
  else
    "$@"
  fi
}

# Can the account write there, and does the file system let the folder be its own?
postgres_can_use() {
  as_postgres test -w "$1" -a -x "$1" 2>/dev/null &&
    [[ $(stat -c %U "$1") == "$postgres_account" ]]
}

# A name under /var/lib for this stack. `NAME.of` says whose it is: a folder whose stack was deleted
# is emptied, one whose stack was moved away (and so names another path) is left alone.
elsewhere_for_this_stack() {
  local place
  place="$postgres_elsewhere/$(path_hash "$stack_dir")"
  while [[ -e $place && $(cat "$place.of" 2>/dev/null) != "$stack_dir" ]]; do place+=x; done
  if [[ -e $place ]]; then
    ! pgrep -f -- "^$postgres_bin/postgres -D $place/" >/dev/null ||
      die "a PostgreSQL of a deleted $stack_dir still runs" \
        "stop it first: its pid is in $place/data/postmaster.pid"
    say "PostgreSQL: removing $place, left by a stack that was deleted"
    rm -rf "$place"
  fi
  echo "$place"
}

postgres_prepare_home() {
  local link="$stack_dir/postgres" home
  if ((EUID != 0)); then
    mkdir -p "$link"
    return
  fi
  id "$postgres_account" >/dev/null 2>&1 || die "the account $postgres_account is missing" \
    "install the server packages: scripts/packages.sh servers"
  if [[ ! -L $link ]]; then
    mkdir -p "$link"
    chown "$postgres_account:" "$link"
    if postgres_can_use "$link"; then return; fi
    home=$(elsewhere_for_this_stack)
    say "PostgreSQL: its account cannot reach $link, so the folder is $home (linked from there)"
    mkdir -p "$postgres_elsewhere"
    mv -T "$link" "$home"
    ln -s "$home" "$link"
  fi
  home=$(server_home postgres)
  mkdir -p "$home"
  chown "$postgres_account:" "$home"
  chmod 700 "$home"
  echo "$stack_dir" >"$home.of"
}

postgres_initialise() { # HOME
  local log
  log=$(server_log postgres)
  rm -rf "$1/data.new"
  (cd / && as_postgres "$postgres_bin/initdb" -D "$1/data.new" --username=holdfast --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8) >>"$log" 2>&1 </dev/null ||
    die "initdb failed" "$(tail -n 5 "$log")"
  # Only a finished folder gets the name, so that an interrupted one is made anew.
  mv -T "$1/data.new" "$1/data"
}

# Lock files left by a crash may name a pid that is somebody else's by now, or a zombie: PostgreSQL
# would then refuse to start.
postgres_remove_stale_locks() { # HOME
  local file="$1/data/postmaster.pid" pid
  { read -r pid <"$file"; } 2>/dev/null || return 0
  command_line_has "$pid" "$1/" || rm -f "$file" "$1"/.s.PGSQL.*
}

postgres_prepare() {
  local home sockets
  postgres_prepare_home
  home=$(server_home postgres)
  [[ -f $home/data/PG_VERSION ]] || postgres_initialise "$home"
  postgres_remove_stale_locks "$home"
  # A longer path does not fit into a socket's address.
  sockets="\"$home\""
  if ((${#home} > 80)); then sockets=''; fi
  cat >"$home/postgresql.conf" <<END
# Written by scripts/stack.sh at each start.
listen_addresses = '127.0.0.1'
port = $(port_of postgres)
unix_socket_directories = '$sockets'
max_connections = 100
shared_buffers = 256MB
max_wal_size = 2GB
fsync = on
# After a crash: one syncfs instead of opening and syncing a thousand files.
recovery_init_sync_method = syncfs
synchronous_commit = on
shared_preload_libraries = 'pg_stat_statements'
datestyle = 'iso, mdy'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
$(grep '^dynamic_shared_memory_type' "$home/data/postgresql.conf")
END
  if ((EUID == 0)); then chown "$postgres_account:" "$home/postgresql.conf"; fi
}

postgres_launch() {
  local home
  home=$(server_home postgres)
  local command=("$postgres_bin/postgres" -D "$home/data" -c "config_file=$home/postgresql.conf"
    -c "hba_file=$home/data/pg_hba.conf" -c "ident_file=$home/data/pg_ident.conf")
  if ((EUID == 0)); then
    command=(setpriv "--reuid=$postgres_account" "--regid=$postgres_account" --init-groups --
      "${command[@]}")
  fi
  start_daemon postgres "${command[@]}"
}

postgres_query() { # DATABASE SQL
  PGCONNECT_TIMEOUT=5 psql -XAtq -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$(port_of postgres)" \
    -U holdfast -d "$1" -c "$2" 2>/dev/null
}

postgres_answers() {
  [[ $(postgres_query holdfast 'select 1') == 1 ]] && return
  # First start: the server answers, but the database is not there yet.
  local count="select count(*) from pg_database where datname = 'holdfast'"
  [[ $(postgres_query postgres "$count") == 0 ]] &&
    postgres_query postgres 'create database holdfast' >/dev/null &&
    [[ $(postgres_query holdfast 'select 1') == 1 ]]
}

# SIGINT is the "fast" shutdown: sessions are ended, everything is written.
postgres_stop() { stop_process postgres INT 60; }
postgres_kill() { kill_process postgres; }
postgres_wipe() { rm -rf "$(server_home postgres)/data"; }
