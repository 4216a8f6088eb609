#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bench/failure.h"
#include "bench/proc_files.h"

namespace holdfast::bench {

// What one run measured. What was not measured is empty, and null in JSON.
struct Results {
  std::string at;  // RFC 3339, UTC
  bool quick = false;
  Machine machine;
  std::map<std::string, std::string> versions;

  double load_seconds = 0;
  std::uint64_t orders = 0;  // accepted under the top load
  double accepted_per_s = 0;
  double completed_per_s = 0;
  double p99_ms_at_top = 0;
  std::optional<double> limit_per_s;
  std::optional<double> ratio_to_limit;
  std::map<std::string, double> limit_cpu_us_per_order;  // of each server when driven alone
  double half_load_per_s = 0;
  double p50_ms_at_half = 0;
  double p95_ms_at_half = 0;
  double p99_ms_at_half = 0;
  double refunds_per_s = 0;
  std::optional<double> early_refunds_per_s;
  double sold_out_per_s = 0;
  std::map<std::string, double> cpu_us_per_order;
  double rss_mib = 0;      // of Holdfast: the most it ever had
  double rss_end_mib = 0;  // and what it had at the end
  std::optional<double> pgbench_per_s;
  std::optional<double> ratio_to_pgbench;
};

boost::json::object to_json(const Results& results);
// The same for people.
std::string to_table(const Results& results);
// Writes `results` to a file, making its folder; the whole file or nothing.
Result<void> write_results(const boost::json::object& results, const std::string& file);
// JSON with line breaks and indentation, its numbers as short as they can be.
std::string pretty(const boost::json::value& value);

}  // namespace holdfast::bench
