#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "bench/failure.h"

namespace holdfast::bench {

// The comparison: the same rows written the usual way, one order a transaction over 8 connections,
// by PostgreSQL's own pgbench, in a scratch database on the same server. Orders a second.
// `work_dir` takes the script and the log.
Result<double> run_pgbench(const std::string& postgres_url, const std::string& work_dir,
                           std::chrono::milliseconds time, const std::atomic<bool>& interrupted);

// The "tps = …" of pgbench's report.
std::optional<double> parse_pgbench(std::string_view report);

}  // namespace holdfast::bench
