#!/usr/bin/env bash
# Install the Debian packages that Holdfast needs, only those that are missing.
#
#   scripts/packages.sh GROUP...          groups: build, test, servers, bench
#   scripts/packages.sh --list GROUP...   print the groups' packages
#   scripts/packages.sh --missing GROUP...  print those not installed
#
# As root, or with sudo. No system service is started and none is left to start at boot:
# Holdfast runs private instances of the servers (scripts/stack.sh, ./bench).
set -euo pipefail
here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
source "$here/lib.sh"

build_packages=(g++ cmake ninja-build pkg-config ccache libboost1.81-dev libboost-json1.81-dev
  libhiredis-dev librabbitmq-dev libpq-dev libssl-dev libcurl4-openssl-dev libsqlite3-dev
  libjemalloc-dev libspdlog-dev libfmt-dev libtomlplusplus-dev libcli11-dev prometheus-cpp-dev
  libexpected-dev curl)
test_packages=(libgtest-dev libgmock-dev librapidcheck-dev python3 python3-pytest
  python3-pytest-xdist python3-pika python3-yaml python3-jsonschema nodejs npm clang-format
  clang-tidy-16 lld spin jq curl)
servers_packages=(rabbitmq-server redis-server postgresql-15 postgresql-client-15 curl procps)
bench_packages=(nginx-light nodejs npm)

# What brings services, and the units it would have started at the next boot.
declare -A units_of=(
  [rabbitmq-server]='rabbitmq-server.service'
  [erlang-base]='epmd.service epmd.socket'
  [redis-server]='redis-server.service'
  [postgresql-common]='postgresql.service'
  [nginx-common]='nginx.service'
)

policy_file=/usr/sbin/policy-rc.d
cluster_file=/etc/postgresql-common/createcluster.conf
our_mark='# put here by Holdfast while it installs packages; safe to delete'
log_file=

groups_to_packages() {
  local group
  for group in "$@"; do
    case $group in
      build) printf '%s\n' "${build_packages[@]}" ;;
      test) printf '%s\n' "${test_packages[@]}" ;;
      bench) printf '%s\n' "${bench_packages[@]}" ;;
      servers) printf '%s\n' "${servers_packages[@]}" ;;
      *) usage_error "unknown group \"$group\" (build, test, servers, bench)" "scripts/packages.sh" ;;
    esac
  done | sort -u
}

# A package also counts as installed when another one brings it: NodeSource's nodejs has npm in it,
# and would have to go for Debian's.
missing_of() { # PACKAGES... -> those not installed
  { dpkg-query -W -f='${db:Status-Abbrev}|${Package}|${Provides}\n' 2>/dev/null || true; } |
    awk -F '|' -v wanted="$*" '
      $1 ~ /^[ih]i / {
        installed[$2] = 1
        n = split($3, provided, /, */)
        for (i = 1; i <= n; i++) { sub(/ .*/, "", provided[i]); installed[provided[i]] = 1 }
      }
      END {
        n = split(wanted, w, " ")
        for (i = 1; i <= n; i++) if (!(w[i] in installed)) print w[i]
      }'
}

is_ours() { [[ -f $1 ]] && grep -qF "$our_mark" "$1"; }

# A file that an earlier, killed run left behind is ours to use and to remove.
forbid_service_starts() {
  if [[ ! -e $policy_file ]] || is_ours "$policy_file"; then
    printf '#!/bin/sh\n%s\nexit 101\n' "$our_mark" >"$policy_file"
    chmod 755 "$policy_file"
  fi
  if [[ ! -e $cluster_file ]] || is_ours "$cluster_file"; then
    mkdir -p "$(dirname "$cluster_file")"
    printf '%s\ncreate_main_cluster = false\n' "$our_mark" >"$cluster_file"
  fi
}

remove_our_files() {
  if is_ours "$policy_file"; then rm -f "$policy_file"; fi
  if is_ours "$cluster_file"; then
    rm -f "$cluster_file"
    # The package laid its own beside ours.
    if [[ -f $cluster_file.ucf-dist ]]; then mv "$cluster_file.ucf-dist" "$cluster_file"; fi
  fi
  rmdir --ignore-fail-on-non-empty "$(dirname "$cluster_file")" 2>/dev/null || true
}

# Only units of packages that were not there before: an operator's own service is left as it is.
disable_units() { # PACKAGES...
  local package unit
  for package in "$@"; do
    [[ -z $(missing_of "$package") ]] || continue
    for unit in ${units_of[$package]}; do
      if command -v systemctl >/dev/null; then
        systemctl disable --quiet "$unit"
      else
        DPKG_MAINTSCRIPT_PACKAGE=$package deb-systemd-helper disable "$unit"
        [[ ! -e /etc/init.d/${unit%.*} ]] || update-rc.d "${unit%.*}" disable
      fi >>"$log_file" 2>&1 || true
    done
  done
}

apt() {
  DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 NEEDRESTART_MODE=l \
    apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}

install_as_root() { # PACKAGES...
  local missing services_before
  # One installer at a time: the second finds the work done.
  exec 9>/run/lock/holdfast-packages.lock
  flock -w 900 9 || die "another installation holds /run/lock/holdfast-packages.lock"
  mapfile -t missing < <(missing_of "$@")
  ((${#missing[@]})) || return 0

  log_file=$(mktemp /tmp/holdfast-packages.XXXXXX.log)
  mapfile -t services_before < <(missing_of "${!units_of[@]}")
  trap remove_our_files EXIT
  trap 'exit 130' INT TERM HUP
  forbid_service_starts
  progress "packages: reading the package lists" "$log_file" apt update ||
    say "packages: the lists could not be refreshed; trying with those that are there"
  say "packages: ${missing[*]}"
  progress "packages: installing ${#missing[@]} and what they need" "$log_file" \
    apt install --no-install-recommends "${missing[@]}" ||
    die "apt-get could not install: ${missing[*]}" \
      "Holdfast is built for Debian 12 (bookworm); check apt's sources and the network, and repeat"
  disable_units "${services_before[@]}"
  rm -f "$log_file"
}

main() {
  local mode=install
  case ${1:-} in
    -h | --help) print_help "$0"; return ;;
    --list) mode=list; shift ;;
    --missing) mode=missing; shift ;;
  esac
  (($#)) || usage_error "name at least one group (build, test, servers, bench)" "scripts/packages.sh"
  command -v apt-get dpkg-query >/dev/null ||
    die "this machine has no apt" \
      "the set-up is for Debian 12; elsewhere, install what scripts/packages.sh names by hand"

  local packages missing
  packages=$(groups_to_packages "$@")
  mapfile -t packages <<<"$packages"
  mapfile -t missing < <(missing_of "${packages[@]}")
  case $mode in
    list) printf '%s\n' "${packages[@]}"; return ;;
    missing) ((${#missing[@]} == 0)) || printf '%s\n' "${missing[@]}"; return ;;
  esac
  ((${#missing[@]})) || return 0

  if ((EUID == 0)); then
    install_as_root "${packages[@]}"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
    say "packages: ${#missing[@]} to install, by sudo"
    sudo -- bash "$here/packages.sh" "$@"
  else
    die "these packages are missing: ${missing[*]}" \
      "run once as root: apt-get install --no-install-recommends ${missing[*]}"
  fi
}

main "$@"
