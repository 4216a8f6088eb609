#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "bench/failure.h"
#include "bench/options.h"
#include "bench/results.h"

namespace holdfast::bench {

// What a run tells while it goes on.
struct Watcher {
  // The line of the phase under way: replaces the last one, or (`is_done`) is its result.
  std::function<void(const std::string& line, bool is_done)> show;
  const std::atomic<bool>& interrupted;
};

// Starts Holdfast, drives it through every phase, stops it, runs the comparison. Everything that
// was started is stopped when this returns, whatever it returns.
Result<Results> run_benchmark(const Options& options, const Watcher& watcher);

}  // namespace holdfast::bench
