#!/usr/bin/env bash
# Private instances of Redis, RabbitMQ and PostgreSQL on loopback, for running and testing Holdfast.
# The system's own services are never touched.
#
#   scripts/stack.sh up [--dir DIR] [--port-base N] [--fresh]
#                     start what is not running and wait until each server answers; data is kept,
#                     --fresh empties it first
#   scripts/stack.sh down [--dir DIR]
#                     stop all, keep the data
#   scripts/stack.sh status [--dir DIR]
#                     exit code 0 when all three answer
#   scripts/stack.sh start|stop|kill|wipe redis|rabbitmq|postgres [--dir DIR]
#                     one server, for fault tests: stop is orderly, kill is SIGKILL (a power cut),
#                     wipe empties the data folder of a stopped server
#
# DIR is .stack in the repository unless given. Ports: N+1 Redis, N+2 AMQP, N+3 RabbitMQ management,
# N+4 PostgreSQL, N+5 and N+6 Erlang's own; N is 17400 unless given, and is remembered in DIR.
# DIR/holdfast.toml is the configuration for `holdfast serve --config`: your edits to it are kept,
# only port numbers are changed in it when N changes. DIR/env is for tests: `source DIR/env`.
# Logs are under DIR/log.
set -euo pipefail
here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"
# shellcheck source=scripts/stack/process.sh
source "$here/stack/process.sh"
# shellcheck source=scripts/stack/redis.sh
source "$here/stack/redis.sh"
# shellcheck source=scripts/stack/rabbitmq.sh
source "$here/stack/rabbitmq.sh"
# shellcheck source=scripts/stack/postgres.sh
source "$here/stack/postgres.sh"

default_port_base=17400
servers=(redis postgres rabbitmq)
unset "${!PG@}"

command_name='' server_name='' stack_dir='' port_base='' is_fresh=0

path_hash() { printf '%s' "$1" | sha256sum | cut -c1-12; }

port_of() {
  case $1 in
    redis) echo $((port_base + 1)) ;;
    amqp) echo $((port_base + 2)) ;;
    management) echo $((port_base + 3)) ;;
    postgres) echo $((port_base + 4)) ;;
    epmd) echo $((port_base + 5)) ;;
    distribution) echo $((port_base + 6)) ;;
  esac
}

redis_url() { echo "redis://127.0.0.1:$(port_of redis)/0"; }
amqp_url() { echo "amqp://guest:guest@127.0.0.1:$(port_of amqp)/%2f"; }
management_url() { echo "http://guest:guest@127.0.0.1:$(port_of management)"; }
postgres_url() { echo "postgresql://holdfast@127.0.0.1:$(port_of postgres)/holdfast"; }

address_of() {
  case $1 in
    rabbitmq) amqp_url ;;
    *) "${1}_url" ;;
  esac
}

parse_arguments() {
  stack_dir=''
  while (($#)); do
    case $1 in
      -h | --help) print_help "$0"; exit 0 ;;
      --fresh) is_fresh=1 ;;
      --dir | --port-base)
        (($# > 1)) || usage_error "$1 wants a value" scripts/stack.sh
        if [[ $1 == --dir ]]; then stack_dir=$2; else port_base=$2; fi
        shift
        ;;
      -*) usage_error "unknown option $1" scripts/stack.sh ;;
      *)
        if [[ -z $command_name ]]; then command_name=$1
        elif [[ -z $server_name ]]; then server_name=$1
        else usage_error "unexpected \"$1\"" scripts/stack.sh; fi
        ;;
    esac
    shift
  done
  case $command_name in
    up | down | status)
      [[ -z $server_name ]] || usage_error "unexpected \"$server_name\"" scripts/stack.sh ;;
    start | stop | kill | wipe)
      [[ " ${servers[*]} " == *" $server_name "* ]] ||
        usage_error "$command_name which server? (${servers[*]})" scripts/stack.sh ;;
    *) usage_error "say what to do: up, down, status, start, stop, kill, wipe" scripts/stack.sh ;;
  esac
  if [[ -n $port_base && ! $port_base =~ ^[1-9][0-9]{3,4}$ ]] || ((port_base > 65000)); then
    usage_error "--port-base wants a number from 1000 to 65000" scripts/stack.sh
  fi
  if ((is_fresh)) && [[ $command_name != up ]]; then
    usage_error "--fresh is for up" scripts/stack.sh
  fi
}

# Find the folder and the ports it was made with.
locate_stack() {
  local remembered=''
  stack_dir=$(realpath -m -- "${stack_dir:-$here/../.stack}")
  case $stack_dir in
    *[\'\"\\$'\n']*) die "the path $stack_dir has a quote or a backslash in it" \
      "choose another folder with --dir" ;;
  esac
  if [[ -f $stack_dir/port-base ]]; then remembered=$(<"$stack_dir/port-base"); fi
  [[ -n $remembered || $command_name == up ]] || {
    [[ $command_name == down ]] && { say "no stack in $stack_dir"; exit 0; }
    die "there is no stack in $stack_dir" "make one: scripts/stack.sh up --dir '$stack_dir'"
  }
  if [[ -n $remembered && -n $port_base && $remembered != "$port_base" ]]; then
    local server
    for server in "${servers[@]}"; do
      is_stopped "$server" || die "the stack in $stack_dir runs on other ports ($remembered+)" \
        "first: scripts/stack.sh down --dir '$stack_dir'"
    done
    move_ports_in_configuration "$remembered"
  fi
  port_base=${port_base:-${remembered:-$default_port_base}}
}

# The user's edits stay, only the ports of addresses on loopback follow.
move_ports_in_configuration() { # OLD_PORT_BASE
  local offset script=''
  [[ -f $stack_dir/holdfast.toml ]] || return 0
  for offset in 1 2 3 4; do
    script+="s/127\\.0\\.0\\.1:$(($1 + offset))\\b/127.0.0.1:@$((port_base + offset))/g;"
  done
  sed -i -e "$script" -e 's/127\.0\.0\.1:@/127.0.0.1:/g' "$stack_dir/holdfast.toml"
}

# One program at a time changes a stack. Fails early where the folder is somebody else's.
open_stack() {
  if ! { mkdir -p "$stack_dir" 2>/dev/null && [[ -w $stack_dir ]]; }; then
    die "$(id -un) cannot write to $stack_dir" "choose another folder with --dir"
  fi
  local owner=$EUID
  if [[ -s $stack_dir/owner-uid ]]; then owner=$(<"$stack_dir/owner-uid"); fi
  ((owner == EUID)) || die "the stack in $stack_dir was made by uid $owner, this is uid $EUID" \
    "run as that user, or choose another folder with --dir"
  exec 9>>"$stack_dir/lock"
  flock -w 300 9 || die "another stack.sh has been at work in $stack_dir for 5 minutes"
  mkdir -p "$stack_dir/run" "$stack_dir/log"
  echo "$EUID" >"$stack_dir/owner-uid"
  echo "$port_base" >"$stack_dir/port-base"
}

require_programs() {
  local program
  for program in redis-server redis-cli psql curl setsid flock pgrep "$rabbitmq_program" epmd \
    "$postgres_bin/postgres"; do
    command -v "$program" >/dev/null ||
      die "$program is not installed" "run: scripts/packages.sh servers"
  done
}

write_files_for_users() {
  if [[ ! -f $stack_dir/holdfast.toml ]]; then
    cat >"$stack_dir/holdfast.toml" <<END
# Made by scripts/stack.sh for the servers of this folder. Edit it: it is not written again.
[http]
listen = "127.0.0.1:8080"

[redis]
url = "$(redis_url)"

[rabbitmq]
url = "$(amqp_url)"
management_url = "$(management_url)"

[postgres]
url = "$(postgres_url)"
END
  fi
  cat >"$stack_dir/env" <<END
# Written by scripts/stack.sh; for tests: source it.
export HOLDFAST_TEST_REDIS_URL='$(redis_url)'
export HOLDFAST_TEST_AMQP_URL='$(amqp_url)'
export HOLDFAST_TEST_RABBITMQ_MANAGEMENT_URL='$(management_url)'
export HOLDFAST_TEST_POSTGRES_URL='$(postgres_url)'
export HOLDFAST_TEST_STACK_DIR='$stack_dir'
END
}

print_addresses() {
  local rows=(
    "Redis" "$(redis_url)"
    "RabbitMQ" "$(amqp_url)"
    "  management" "$(management_url)"
    "PostgreSQL" "$(postgres_url)"
    "configuration" "$stack_dir/holdfast.toml"
    "for tests" "source '$stack_dir/env'"
  )
  printf '  %-14s %s\n' "${rows[@]}"
}

check_ports_are_free() { # SERVER
  local port owner
  for port in $("${1}_ports"); do
    if port_is_open 127.0.0.1 "$port"; then
      owner=$(port_owner "$port")
      die "port $port, meant for $1, is in use${owner:+ by $owner}" \
        "stop that program, or choose other ports: scripts/stack.sh up --port-base N"
    fi
  done
}

launch() { # SERVER
  "${1}_prepare"
  "${1}_launch"
}

is_settled() { "${1}_answers" || is_stopped "$1"; }

show_log_end() { # SERVER
  local log
  log=$(server_log "$1")
  say "the end of $log:"
  tail -n 25 "$log" 2>/dev/null | sed 's/^/    /' >&2
}

await() { # SERVER
  local start deadline="${1}_deadline_s" spinner=''
  start=$(now_ms)
  if ((is_interactive)); then
    spin "  $1 starting" /dev/null "$start" &
    spinner=$!
  fi
  wait_until "${!deadline}" is_settled "$1" || true
  if [[ -n $spinner ]]; then
    kill "$spinner" 2>/dev/null || true
    wait "$spinner" 2>/dev/null || true
    printf '\r\e[K' >&2
  fi
  if is_running "$1" && "${1}_answers"; then
    say "  $1 ${green}ready${plain} ${dim}($(seconds_since "$2") s)${plain}"
    return
  fi
  if is_running "$1"; then
    say "  $1 runs, but has not answered within ${!deadline} s"
  else
    say "  $1 ended while it started"
  fi
  show_log_end "$1"
  die "$1 could not be started" \
    "mend what its log says, or begin anew: scripts/stack.sh up --fresh --dir '$stack_dir'"
}

empty_all() {
  local server
  stop_all
  for server in "${servers[@]}"; do "${server}_wipe"; done
}

up() {
  local server start stopped_ones=()
  require_programs
  open_stack
  if ((is_fresh)); then empty_all; fi
  for server in "${servers[@]}"; do
    if is_stopped "$server"; then stopped_ones+=("$server"); fi
  done
  start=$(now_ms)
  if ((${#stopped_ones[@]})); then
    say "starting ${stopped_ones[*]} in $stack_dir"
    for server in "${stopped_ones[@]}"; do check_ports_are_free "$server"; done
  fi
  # The others come up while RabbitMQ, which takes longest, loads.
  for server in rabbitmq redis postgres; do
    if [[ " ${stopped_ones[*]} " == *" $server "* ]]; then launch "$server"; fi
    if [[ $server != rabbitmq ]]; then await "$server" "$start"; fi
  done
  await rabbitmq "$start"
  write_files_for_users
  print_addresses
}

stop_all() {
  local server pid pids=()
  for server in "${servers[@]}"; do
    "${server}_stop" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

down() {
  open_stack
  local server running=()
  for server in "${servers[@]}"; do
    if is_running "$server"; then running+=("$server"); fi
  done
  if ((${#running[@]})); then say "stopping ${running[*]} in $stack_dir"; fi
  stop_all
  say "the stack in $stack_dir is down, its data is kept"
}

status() {
  local server pid code=0
  for server in "${servers[@]}"; do
    if ! pid=$(server_pid "$server"); then
      printf '  %-10s %-12s %s\n' "$server" stopped "$(address_of "$server")"
      code=1
    elif "${server}_answers"; then
      printf '  %-10s %-12s %s (pid %s)\n' "$server" ready "$(address_of "$server")" "$pid"
    else
      printf '  %-10s %-12s %s (pid %s)\n' "$server" "not ready" "$(address_of "$server")" "$pid"
      code=1
    fi
  done
  return "$code"
}

start_one() {
  local start
  require_programs
  open_stack
  start=$(now_ms)
  if is_stopped "$server_name"; then
    check_ports_are_free "$server_name"
    launch "$server_name"
  fi
  await "$server_name" "$start"
}

stop_one() { open_stack; "${server_name}_stop"; }
kill_one() { open_stack; "${server_name}_kill"; }

wipe_one() {
  open_stack
  is_stopped "$server_name" || die "$server_name is running" "stop it first"
  "${server_name}_wipe"
}

main() {
  parse_arguments "$@"
  locate_stack
  case $command_name in
    up | down | status) "$command_name" ;;
    *) "${command_name}_one" ;;
  esac
}

main "$@"
