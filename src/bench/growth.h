#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "bench/failure.h"
#include "bench/options.h"
#include "bench/proc_files.h"
#include "bench/results.h"

namespace holdfast::bench {

// How many orders the book is to hold at each measurement; the last is `most`.
std::vector<std::uint64_t> growth_targets(std::uint64_t most);

// The completed rate and the memory with more and more orders in the book: a book of its own, and
// names of its own on the other servers, so that nobody's orders are among them. Its rows are
// written by SQL. Starts a Holdfast for it, so no other may be up.
Result<void> measure_growth(const Options& options, const Target& target, Processes processes,
                            const std::string& log_dir, const Watcher& watcher, Results& results);

}  // namespace holdfast::bench
