# Shared by the project's shell programs; sourced, never run.
# shellcheck shell=bash

# Colours and a line that rewrites itself only where somebody can see them.
if [[ -t 2 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb && ${CI:-} != true ]]; then
  is_interactive=1
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
  is_interactive=0
  bold='' dim='' red='' green='' plain=''
fi

say() { printf '%s\n' "$*" >&2; }
heading() { printf '%s\n' "${bold}$*${plain}" >&2; }

# die MESSAGE [WHAT TO DO]
die() {
  printf '%s\n' "${red}error:${plain} $1" >&2
  [[ -z ${2:-} ]] || printf '%s\n' "       $2" >&2
  exit 1
}

usage_error() {
  printf '%s\n' "${red}error:${plain} $1" "       see: $2 --help" >&2
  exit 2
}

# Print the comment block at the head of the script that was started: it is the help text.
print_help() { sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$1"; }

now_ms() {
  local t=$EPOCHREALTIME
  echo $((${t%[.,]*} * 1000 + 10#${t#*[.,]} / 1000))
}

seconds_since() { # START_MS -> "12.3"
  local ms=$(($(now_ms) - $1))
  printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# The last line of a log that says something.
last_log_line() {
  tail -c 2000 "$1" 2>/dev/null | tr '\r' '\n' | sed 's/\x1b\[[0-9;]*m//g' |
    grep -v '^[[:space:]]*$' | tail -n 1 || true
}

# The moving part of a progress line; runs beside the command, ends with this shell at the latest.
spin() { # LABEL LOGFILE START_MS
  local width detail
  width=$(tput cols 2>/dev/null || echo 80)
  while kill -0 $$ 2>/dev/null; do
    detail=$(last_log_line "$2")
    printf '\r\e[K%s %s%4ss  %s%s' "$1" "$dim" $((($(now_ms) - $3) / 1000)) \
      "${detail:0:$((width > ${#1} + 20 ? width - ${#1} - 10 : 10))}" "$plain" >&2
    sleep 0.2
  done
}

# progress LABEL LOGFILE COMMAND...: run COMMAND, its output in LOGFILE, behind one progress line.
# A failure shows the end of the log and gives the command's own exit code. The command stays in the
# foreground, so that Ctrl-C reaches it.
progress() {
  local label=$1 log=$2 start code=0 spinner=
  shift 2
  start=$(now_ms)
  mkdir -p "$(dirname "$log")"
  : >"$log"
  if ((is_interactive)); then
    spin "$label" "$log" "$start" &
    spinner=$!
  else
    say "$label ..."
  fi
  "$@" >>"$log" 2>&1 </dev/null || code=$?
  if [[ -n $spinner ]]; then
    kill "$spinner" 2>/dev/null || true
    wait "$spinner" 2>/dev/null || true
    printf '\r\e[K' >&2
  fi
  if ((code == 0)); then
    say "$label ${green}done${plain} ${dim}($(seconds_since "$start") s)${plain}"
  else
    say "$label ${red}failed${plain} (exit $code after $(seconds_since "$start") s)"
    say "the end of $log:"
    tail -n 40 "$log" | sed 's/^/    /' >&2
  fi
  return "$code"
}

# wait_until SECONDS COMMAND...: poll COMMAND until it succeeds or the time is over.
wait_until() {
  local deadline_ms=$(($(now_ms) + $1 * 1000))
  shift
  until "$@"; do
    (($(now_ms) < deadline_ms)) || return 1
    sleep 0.1
  done
}

port_is_open() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# Who listens on a loopback port, for an error message; empty when nobody may know.
port_owner() {
  ss -H -ltnp "sport = :$1" 2>/dev/null |
    sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (pid \2)/p' | head -n 1 || true
}
