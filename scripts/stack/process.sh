# Daemons of a stack: started in a session of their own, found again by pid file, never by name.
# shellcheck shell=bash disable=SC2154
# Uses: stack_dir (absolute path of the stack's folder).

pid_file() { echo "$stack_dir/run/$1.pid"; }
server_log() { echo "$stack_dir/log/$1.log"; }

# The folder that a server owns. PostgreSQL's may be a link to a place its account can reach.
server_home() { # NAME
  case $1 in
    epmd) echo "$stack_dir/rabbitmq" ;;
    *) readlink -f "$stack_dir/$1" 2>/dev/null || echo "$stack_dir/$1" ;;
  esac
}

# Print the pid if that process still is this stack's server: pids are reused, so its command line
# must name the server's own folder.
server_pid() { # NAME
  local pid
  { read -r pid <"$(pid_file "$1")"; } 2>/dev/null || return 1
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  command_line_has "$pid" "$(server_home "$1")/" || return 1
  echo "$pid"
}

command_line_has() { # PID TEXT (arguments are apart by one space)
  { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | grep -qF -- "$2"
}

is_running() { server_pid "$1" >/dev/null; }
is_stopped() { ! server_pid "$1" >/dev/null; }

environment_has() { # PID LINE
  { tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null | grep -qxF -- "$2"
}

# start_daemon NAME COMMAND...: its own session, no inherited files (a pipe or a lock of the caller
# would stay open as long as the server lives), output to its log.
start_daemon() {
  local name=$1 file log
  shift
  file=$(pid_file "$name")
  log=$(server_log "$name")
  rm -f "$file"
  # shellcheck disable=SC2016  # expanded by the inner shell
  setsid bash -c '
    for fd in /proc/$$/fd/*; do
      fd=${fd##*/}
      if ((fd > 2)); then eval "exec $fd>&-"; fi
    done
    echo $$ >"$1"
    cd "$2" || exit 1
    shift 2
    exec "$@"' launch "$file" "$(server_home "$name")" "$@" </dev/null >>"$log" 2>&1 &
  wait_until 10 test -s "$file" || die "$name could not be launched" "see $log"
}

descendants() { # PID
  local child
  for child in $(pgrep -P "$1" || true); do
    echo "$child"
    descendants "$child"
  done
}

# An orderly stop; a server that does not end in time is killed, and that is said.
stop_process() { # NAME SIGNAL SECONDS
  local pid
  pid=$(server_pid "$1") || return 0
  kill -s "$2" "$pid" || die "$1 (pid $pid) does not take signals from $(id -un)" \
    "stop the stack as the user who started it"
  if ! wait_until "$3" is_stopped "$1"; then
    say "$1 (pid $pid) did not stop within $3 s and is killed"
    kill_process "$1"
  fi
  rm -f "$(pid_file "$1")"
}

# As a power cut would: the server and the processes it started, at once.
kill_process() { # NAME
  local pid children
  pid=$(server_pid "$1") || return 0
  mapfile -t children < <(descendants "$pid")
  kill -KILL "$pid" "${children[@]}" 2>/dev/null || true
  wait_until 20 all_gone "$pid" "${children[@]}" || die "$1 (pid $pid) survives SIGKILL"
  rm -f "$(pid_file "$1")"
}

all_gone() { # PIDS...
  local pid
  for pid in "$@"; do
    # A zombie is gone: it has no command line any more.
    if [[ -n $(tr -d '\0' <"/proc/$pid/cmdline" 2>/dev/null) ]]; then return 1; fi
  done 2>/dev/null
}
