#!/usr/bin/env bash
# Fails when an include points outward: domain knows only itself, ports and flows no adapter.
set -u
cd "$(dirname "$0")/.." || exit 2
bad=$(
  grep -nE '#include [<"](adapters|flows|ports|http|app|cli|codec|async)/|#include <boost/(asio|beast|json)|#include <(hiredis|amqp|libpq|curl|spdlog)' \
    src/domain/*.h src/domain/*.cc
  grep -nE '#include [<"](adapters|http|app|cli)/|#include <boost/(beast)|#include <(hiredis|amqp|libpq|curl)' \
    src/ports/*.h src/ports/*.cc src/flows/*.h src/flows/*.cc src/codec/*.h src/codec/*.cc src/async/*.h
  grep -nE 'system_clock::now|steady_clock::now' src/domain/*.h src/domain/*.cc src/flows/*.h src/flows/*.cc |
    grep -v _test.cc
)
if [ -n "$bad" ]; then
  printf 'includes or calls that point outward:\n%s\n' "$bad"
  exit 1
fi
echo "layering: domain, ports and flows point inward"
