# Building the CMake presets; sourced by run, test and bench after scripts/lib.sh.
# shellcheck shell=bash disable=SC2154
# Uses: root (the repository).

# As many compilers as there are cores, and memory: one may take 1.5 GB.
build_jobs() {
  local cores memory_kb jobs
  cores=$(nproc)
  memory_kb=$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)
  jobs=$((memory_kb / 1500000))
  ((jobs < cores)) || jobs=$cores
  ((jobs > 0)) || jobs=1
  echo "${CMAKE_BUILD_PARALLEL_LEVEL:-$jobs}"
}

# A build folder that came along when the repository was copied or moved is of no use.
drop_foreign_build() { # PRESET
  local home cache="$root/build/$1/CMakeCache.txt"
  [[ -f $cache ]] || return 0
  home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$cache")
  if [[ $home != "$root" ]]; then
    say "build/$1 was made for $home and is made anew"
    rm -rf "$root/build/$1"
  fi
}

# build_preset PRESET [TARGETS...]
build_preset() {
  local preset=$1 log="$root/build/log"
  shift
  drop_foreign_build "$preset"
  progress "configure $preset" "$log/configure-$preset.log" \
    env -C "$root" cmake --preset "$preset" || return
  progress "build $preset" "$log/build-$preset.log" \
    env -C "$root" cmake --build --preset "$preset" -j "$(build_jobs)" ${1:+--target "$@"}
}
