# The stack's Redis: every write is on disk before it is answered.
# shellcheck shell=bash

redis_ports() { port_of redis; }
# shellcheck disable=SC2034  # read by name
redis_deadline_s=60

redis_prepare() {
  local home socket
  home=$(server_home redis)
  mkdir -p "$home/data"
  socket="$home/redis.sock"
  {
    echo "# Written by scripts/stack.sh at each start."
    echo "bind 127.0.0.1"
    echo "port $(port_of redis)"
    # A longer path does not fit into a socket's address.
    if ((${#socket} < 100)); then
      printf 'unixsocket "%s"\nunixsocketperm 700\n' "$socket"
    fi
    printf 'dir "%s"\n' "$home/data"
    cat <<'END'
appendonly yes
appendfsync always
maxmemory-policy noeviction
save ""
# The file is rewritten every 500,000 orders or so, not every few seconds; and what is rewritten,
# mostly ids, does not repay being compressed.
auto-aof-rewrite-min-size 1gb
rdbcompression no
daemonize no
# The command line keeps the path of this file, by which the stack knows its server again.
set-proc-title no
END
  } >"$home/redis.conf"
}

redis_launch() { start_daemon redis redis-server "$(server_home redis)/redis.conf"; }

redis_answers() {
  local answer
  unset REDISCLI_AUTH
  answer=$(timeout 5 redis-cli -h 127.0.0.1 -p "$(port_of redis)" ping 2>/dev/null) &&
    [[ $answer == PONG ]]
}

redis_stop() { stop_process redis TERM 60; }
redis_kill() { kill_process redis; }
redis_wipe() { rm -rf "$(server_home redis)/data"; }
