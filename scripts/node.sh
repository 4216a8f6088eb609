# What a folder's package-lock.json names, installed into it; sourced after lib.sh.
# shellcheck shell=bash

need_node_modules() { # FOLDER LOG
  local folder=$1 log=$2
  # npm writes this file last, and a newer lock file means that it has not seen that one.
  [[ ! $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] || return 0
  progress "packages of ${folder##*/}/ for Node" "$log" \
    npm ci --prefix "$folder" --no-audit --no-fund --ignore-scripts
}
