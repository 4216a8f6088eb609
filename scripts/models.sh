#!/usr/bin/env bash
# Check the models of the order and refund protocol (models/*.pml) with Spin, exhaustively.
#
#   scripts/models.sh             the full form: two orders, all properties, all broken twins; some
#                                 ten minutes of one core and up to 4 GiB
#   scripts/models.sh --short     smaller bounds and all twins; about a minute of one core
#   scripts/models.sh --list      the checks' names, with what each is compiled and run with
#   scripts/models.sh NAME...     these checks alone
#   scripts/models.sh --trace NAME
#                                 run one check that finds something (a twin), and show the shortest
#                                 way to it, step by step
#
# A line per check: its name, what is looked for, states, seconds with the compilation, and what came
# of it. A twin is the protocol with one thing broken: it passes when Spin rejects it, and for the
# reason expected. Exit code 0 when every check passed, 1 when one failed. Everything that is built
# is under build/models; docs/models.md says what the models mean.
set -euo pipefail
root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"

build_dir="$root/build/models"
memory_mb=3900
depth=20000

# NAME | FORM | MODEL | WHAT IS LOOKED FOR | BOUNDS | FOR GCC | FOR THE VERIFIER | WHAT IT MUST FIND
# FORM: both, short, full. WHAT IT MUST FIND: empty for nothing, else a part of Spin's message.
one='-DORDERS=1'
checks() {
  local all='assertions, good ends' small='-O1 -DSAFETY' large='-O2 -DSAFETY -DCOLLAPSE'
  cat <<END
order-one|both|order|$all|$one|$small|-w22|
order-one-finite-short|short|order|no cycle: every run ends|$one -DREQUESTS=1|-O1 -DNP|-l -w22|
order-one-finite|full|order|no cycle: every run ends|$one|-O1 -DNP|-l -w22|
order-one-part|both|order|LTL, fair: a refund ends|$one -DHOLDS_FOR_EVER -DSEPARATE_LOOPS|-O1 -DNFAIR=3|-a -f -w22|
order-wakes|both|order|wake-ups alone end it|-DORDERS=2 -DREQUESTS=1 -DWAKES_ALONE -DCRASHES=0 -DLOST_ACKS=0|$small|-w22|
order-two-short|short|order|$all|-DREQUESTS=1 -DCRASHES=1 -DLOST_ACKS=0 -DSPURIOUS=0 -DCOPIES=1|$small|-w22|
order-two|full|order|$all|-DREQUESTS=1 -DSPURIOUS=0|$large|-w25|
order-two-repeats|full|order|$all|-DCRASHES=1 -DLOST_ACKS=0 -DSPURIOUS=0 -DCOPIES=1 -DPUBLISHES=1|$large|-w24|
order-two-stock|full|order|$all|-DREQUESTS=1 -DSTOCK=2 -DCRASHES=1 -DSPURIOUS=0 -DCOPIES=1|$large|-w24|
order-two-finite|full|order|no cycle: every run ends|-DREQUESTS=1 -DCRASHES=1 -DSPURIOUS=0 -DCOPIES=1|-O2 -DNP -DCOLLAPSE|-l -w24|
refund-one|both|refund|$all|$one|$small|-w22|
refund-one-finite-short|short|refund|no cycle: every run ends|$one -DTRIES=1|-O1 -DNP|-l -w22|
refund-one-finite|full|refund|no cycle: every run ends|$one|-O1 -DNP|-l -w22|
refund-one-ends|full|refund|LTL: a refund ends|$one -DCHECK_REFUND_ENDS|-O1|-a -w22|
refund-one-tries|full|refund|$all|$one -DTRIES=3 -DLATE=3|$large|-w24|
refund-two|full|refund|$all|-DTRIES=1 -DRETRIES=0 -DLATE=1|$large|-w26|
refund-two-finite|full|refund|no cycle: every run ends|-DTRIES=1 -DRETRIES=0 -DLATE=0 -DRUNNERS=1|-O2 -DNP -DCOLLAPSE|-l -w24|
order-lost|both|order|LTL, fair: a refund ends|$one -DREQUESTS=1 -DHOLDS_FOR_EVER -DSEPARATE_LOOPS -DREDIS_LOSES|-O1 -DNFAIR=3|-a -f -A -w22|
order-loses-hold|both|order|LTL, fair: a refund ends|$one -DHOLDS_FOR_EVER -DSEPARATE_LOOPS -DREQUESTS=1 -DBROKEN_FORGET_HOLD|-O0 -DNFAIR=3|-a -f -A|acceptance cycle
END
  # The twins: switch, model, what rejects it, a part of the assertion's text, more bounds.
  local switch model property message bounds
  while IFS='|' read -r switch model property message bounds; do
    printf '%s|both|%s|%s|%s|-O0 -DSAFETY|-w20|%s\n' "$switch" "$model" "$property" \
      "$one -DBROKEN_$switch $bounds" "$message"
  done <<'END'
ACK_BEFORE_COMMIT|order|nothing is lost|(ready[0]+unacked[0])>0
DELETE_OUTBOX_BEFORE_CONFIRM|order|nothing is lost|(ready[0]+unacked[0])>0
SETTLE_TWICE|order|settled once|times_settled
NO_REPEAT_CHECK|order|units balance at the end|reserved==0
JOURNAL_DELETED_EARLY|order|units balance at the end|reserved==0
RELEASE_TWICE|order|no oversell|available+
STOP_UNCHECKED|order|no oversell|available+
FORGET_HOLD|order|the end of refunds|refund[0]==
NO_SECOND_LOOK|order|wake-ups alone end it|refund[0]==|-DWAKES_ALONE -DCRASHES=0 -DLOST_ACKS=0
REVERSE_BEFORE_FORWARD|refund|no reverse of nothing|is_unknown)
IGNORE_UNKNOWN|refund|money at the end|has_taken[0])
UNKNOWN_IS_NO|refund|money at the end|has_taken[0])
NO_KEY|refund|taken once|(has_taken[what])&&
NO_LATE_REFUSAL|refund|taken once|(has_taken[what])&&
FORGET_VOID|refund|the end of refunds|refund[0]==
CANCEL_COMPLETED|refund|the end of refunds|refund[0]==
NO_DEADLINE|refund|every order ends|(order[0]==
END
}

need_tools() {
  [[ -n $(type -P spin) ]] ||
    die "Spin is not installed" "install it: apt-get install spin (Debian 12 has 6.5.2), and repeat"
  [[ -n $(type -P gcc) ]] || die "gcc is not installed" "install it: apt-get install gcc"
}

# Compile and run one verifier in a folder of its own; its output is in run.log there.
verify() { # NAME MODEL BOUNDS FOR_GCC FOR_PAN
  local dir="$build_dir/$1" model="$root/models/$2.pml"
  local -a bounds=() for_gcc=() for_pan=()
  read -ra bounds <<<"$3"
  read -ra for_gcc <<<"$4"
  read -ra for_pan <<<"$5"
  rm -rf "$dir"
  mkdir -p "$dir"
  cd "$dir"
  # `spin` is also the name of a function of lib.sh.
  command spin "${bounds[@]}" -a "$model" >spin.log 2>&1 || return
  gcc -w "${for_gcc[@]}" -DMEMLIM="$memory_mb" -o pan pan.c >gcc.log 2>&1 || return
  ./pan -m"$depth" "${for_pan[@]}" >run.log 2>&1
}

number_of_states() { # LOG
  sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$1" | awk '{ printf "%d", $1 }'
}

# What came of a check: nothing when it is as it must be, else what is wrong.
fault_in() { # LOG WHAT_IT_MUST_FIND
  local log=$1 must_find=$2 found
  [[ -s $log ]] || { echo "it could not be built or run"; return; }
  if grep -qE 'max search depth too small|reached -DMEMLIM|out of memory|hash table is full' "$log"; then
    echo "the search is not complete"
    return
  fi
  found=$(sed -n 's/^pan:1: //p' "$log" | head -n 1)
  if [[ -z $must_find ]]; then
    [[ -z $found ]] || echo "$found"
    grep -q 'errors: 0$' "$log" || [[ -n $found ]] || echo "the search did not end"
  elif [[ -z $found ]]; then
    echo "Spin does not reject it"
  elif [[ $found != *"$must_find"* ]]; then
    echo "rejected for another reason: $found"
  fi
}

passed=0 failed=0

check() { # NAME MODEL PROPERTY BOUNDS FOR_GCC FOR_PAN MUST_FIND
  local name=$1 must_find=$7 start fault verdict states log="$build_dir/$1/run.log"
  start=$(now_ms)
  ((!is_interactive)) || printf '\r\e[K%s ...' "$name" >&2
  (verify "$name" "$2" "$4" "$5" "$6") || true
  fault=$(fault_in "$log" "$must_find")
  states=$(number_of_states "$log" 2>/dev/null || true)
  ((!is_interactive)) || printf '\r\e[K' >&2
  if [[ -n $fault ]]; then
    verdict="FAILED: $fault"
    failed=$((failed + 1))
  else
    verdict=ok
    [[ -z $must_find ]] || verdict="REJECTED as it must be"
    passed=$((passed + 1))
  fi
  printf '%-6s  %-28s  %-25s  %10s states  %6s s  %s\n' \
    "$2" "$name" "$3" "${states:-?}" "$(seconds_since "$start")" "$verdict"
}

show_trace() { # NAME
  local name form model property bounds for_gcc for_pan must_find
  local -a defines=()
  while IFS='|' read -r name form model property bounds for_gcc for_pan must_find; do
    [[ $name == "$1" ]] || continue
    # -i looks for a shorter way once there is one.
    (verify "$name" "$model" "$bounds" "$for_gcc -DREACH" "$for_pan -i") || true
    [[ -f $build_dir/$name/$model.pml.trail ]] || die "$name finds nothing, so there is no trace"
    read -ra defines <<<"$bounds"
    cd "$build_dir/$name"
    cp "$root/models/$model.pml" .
    command spin "${defines[@]}" -t -p -g "$model.pml"
    return
  done < <(checks)
  usage_error "no check is named \"$1\" (see --list)" "scripts/models.sh"
}

main() {
  local form=full name in_form model property bounds for_gcc for_pan must_find
  local -A wanted=()
  case ${1:-} in
    -h | --help) print_help "$0"; return ;;
    --list) checks | awk -F '|' '{ printf "%-28s %s %s\n", $1, $3 ".pml", $5 }'; return ;;
    --short) form=short; shift ;;
    --trace)
      [[ -n ${2:-} ]] || usage_error "name a check" "scripts/models.sh"
      need_tools
      show_trace "$2"
      return
      ;;
    -*) usage_error "unknown option \"$1\"" "scripts/models.sh" ;;
  esac
  for name in "$@"; do
    [[ $'\n'$(checks) == *$'\n'"$name|"* ]] || usage_error "no check is named \"$name\"" "scripts/models.sh"
    wanted[$name]=1
  done
  need_tools
  while IFS='|' read -r name in_form model property bounds for_gcc for_pan must_find <&3; do
    if ((${#wanted[@]})); then
      [[ -n ${wanted[$name]:-} ]] || continue
    else
      [[ $in_form == both || $in_form == "$form" ]] || continue
    fi
    check "$name" "$model" "$property" "$bounds" "$for_gcc" "$for_pan" "$must_find"
  done 3< <(checks)
  echo "$passed passed, $failed failed"
  ((failed == 0))
}

main "$@"
