# The stack's RabbitMQ, with an Erlang port mapper (epmd) of its own, all on loopback.
# shellcheck shell=bash disable=SC2154

rabbitmq_program=/usr/lib/rabbitmq/bin/rabbitmq-server

# Asked for when the node is stopped: what it may have left behind must not hold a port then.
rabbitmq_ports() {
  rabbitmq_kill_helpers
  port_of amqp
  port_of management
  port_of distribution
  is_running epmd || port_of epmd
}
# shellcheck disable=SC2034  # read by name
rabbitmq_deadline_s=120

rabbitmq_prepare() {
  local home
  home=$(server_home rabbitmq)
  mkdir -p "$home/mnesia" "$home/home"
  # The name is part of the data's path, so it is chosen once and stays when the folder moves.
  [[ -s $home/node ]] || echo "holdfast-$(path_hash "$stack_dir")@localhost" >"$home/node"
  if [[ ! -s $home/home/.erlang.cookie ]]; then
    (umask 077 && head -c 24 /dev/urandom | base64 | tr -dc A-Za-z0-9 >"$home/home/.erlang.cookie")
    chmod 400 "$home/home/.erlang.cookie"
  fi
  # Empty, so that the system's /etc/rabbitmq/rabbitmq-env.conf has no say here.
  : >"$home/rabbitmq-env.conf"
  echo '[rabbitmq_management].' >"$home/enabled_plugins"
  cat >"$home/rabbitmq.conf" <<END
# Written by scripts/stack.sh at each start.
listeners.tcp.1 = 127.0.0.1:$(port_of amqp)
management.tcp.ip = 127.0.0.1
management.tcp.port = $(port_of management)
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 200MB
log.console = false
log.file.rotation.size = 20971520
log.file.rotation.count = 2
END
}

# Fills the array `environment`; nothing of the caller's own settings gets in.
rabbitmq_environment() {
  local home
  home=$(server_home rabbitmq)
  environment=(
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    LANG=C.UTF-8
    HOME="$home/home"
    ERL_EPMD_PORT="$(port_of epmd)"
    ERL_EPMD_ADDRESS=127.0.0.1
    ERL_CRASH_DUMP="$stack_dir/log/erl_crash.dump"
    RABBITMQ_NODENAME="$(<"$home/node")"
    RABBITMQ_NODE_PORT="$(port_of amqp)"
    RABBITMQ_DIST_PORT="$(port_of distribution)"
    RABBITMQ_CONF_ENV_FILE="$home/rabbitmq-env.conf"
    RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf"
    RABBITMQ_ADVANCED_CONFIG_FILE="$home/advanced.config"
    RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins"
    RABBITMQ_MNESIA_BASE="$home/mnesia"
    RABBITMQ_LOG_BASE="$stack_dir/log"
    RABBITMQ_LOGS="$stack_dir/log/rabbitmq.log"
    RABBITMQ_PID_FILE="$home/rabbitmq.pid"
    # Schedulers bound to cores would fight with the other servers of a small machine.
    RABBITMQ_SCHEDULER_BIND_TYPE=u
    RABBITMQ_ALLOW_INPUT=1
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-noinput +B i +sbwt none +sbwtdcpu none +sbwtdio none\
 -start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"
  )
}

# Debian's /usr/sbin/rabbitmq-server serves the accounts root and rabbitmq only, so the script
# behind it is called. RABBITMQ_ALLOW_INPUT makes that script become the server, with no shell in
# between: the pid is the server's from the start. The last argument means nothing to Erlang; it is
# there to be found in the command line.
rabbitmq_launch() {
  local home environment
  home=$(server_home rabbitmq)
  rabbitmq_environment
  if is_stopped epmd; then
    # shellcheck disable=SC2016  # expanded by the inner shell
    start_daemon epmd env -i "${environment[@]}" bash -c 'exec -a "$0" epmd' "$home/epmd"
    wait_until 10 port_is_open 127.0.0.1 "$(port_of epmd)" ||
      die "the Erlang port mapper does not answer" "see $(server_log epmd)"
  fi
  # shellcheck disable=SC2016  # expanded by the inner shell
  start_daemon rabbitmq env -i "${environment[@]}" bash -c '
    files=$(ulimit -Hn)
    if [[ $files == unlimited ]] || ((files > 65536)); then files=65536; fi
    ulimit -n "$files"
    exec "$1" -holdfast_stack "$0"' "$home/" "$rabbitmq_program"
}

management_answers() {
  curl --silent --fail --noproxy '*' --max-time 5 --user guest:guest --output /dev/null \
    "http://127.0.0.1:$(port_of management)/api/overview"
}

# The broker answers a protocol header with Connection.Start, whose frame begins with the octet 1.
amqp_answers() {
  local octet=
  {
    exec 3<>"/dev/tcp/127.0.0.1/$(port_of amqp)" && printf 'AMQP\x00\x00\x09\x01' >&3 &&
      IFS= read -r -n 1 -t 5 octet <&3
  } 2>/dev/null
  [[ $octet == $'\x01' ]]
}

rabbitmq_answers() { management_answers && (amqp_answers); }

# The management plugin's event handler, ending during a shutdown, calls a process that is itself
# busy with the shutdown, and waits 5 s for it. Taken out beforehand it costs nothing.
drop_statistics_handler() {
  local home
  home=$(server_home rabbitmq)
  ERL_EPMD_PORT=$(port_of epmd) HOME="$home/home" timeout 5 erl_call -sname "$(<"$home/node")" \
    -c "$(<"$home/home/.erlang.cookie")" \
    -a 'gen_event delete_handler [rabbit_event,rabbit_mgmt_db_handler,[]]' >/dev/null 2>&1 || true
}

# A node runs short-lived second ones while it boots, and starts a port mapper of its own when ours
# is gone. Nobody would stop those; they are known by the home folder they were given.
rabbitmq_kill_helpers() {
  local home pid mapper=''
  home=$(server_home rabbitmq)
  mapper=$(server_pid epmd) || true
  for pid in $(pgrep -x 'epmd|beam.smp' || true); do
    if [[ $pid != "$mapper" ]] && environment_has "$pid" "HOME=$home/home"; then
      kill -KILL "$pid" 2>/dev/null || true
    fi
  done
}

# The port mapper stays: it forgets the node when the connection to it breaks.
rabbitmq_kill() {
  kill_process rabbitmq
  rabbitmq_kill_helpers
}

# While it boots it takes no SIGTERM to heart, and has nothing of anybody's to lose either.
rabbitmq_stop() {
  if ! port_is_open 127.0.0.1 "$(port_of amqp)"; then
    rabbitmq_kill
  elif is_running rabbitmq; then
    drop_statistics_handler
    stop_process rabbitmq TERM 60
  fi
  stop_process epmd TERM 10
  rabbitmq_kill_helpers
}
rabbitmq_wipe() { rm -rf "$(server_home rabbitmq)/mnesia"; }
