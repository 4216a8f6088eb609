#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/failure.h"
#include "bench/proc_files.h"

namespace holdfast::bench {

// Placing orders of a plan with so many remote steps, one after the other.
struct StepsPoint {
  int steps = 0;
  double async_p50_ms = 0;
  double async_p99_ms = 0;
  double async_per_s = 0;
  double sync_p50_ms = 0;
  double sync_p99_ms = 0;
  double sync_per_s = 0;
};

// Orders offered by a timetable; latencies are those of the accepted ones.
struct OverloadPoint {
  int offered_percent = 0;  // of the rate that was completed under the top load
  double offered_per_s = 0;
  double accepted_per_s = 0;
  double completed_per_s = 0;
  double refused_per_s = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

struct SkusPoint {
  std::uint64_t skus = 0;
  double completed_per_s = 0;
};

struct GrowthPoint {
  std::uint64_t orders_in_book = 0;  // before the load
  double completed_per_s = 0;
  double holdfast_mib = 0;
  double redis_mib = 0;
  double postgres_mib = 0;
};

// One second of the top load. `completed` is empty where nobody can tell.
struct TimelineSecond {
  std::uint64_t second = 0;
  std::uint64_t accepted = 0;
  std::optional<std::uint64_t> completed;
};

// Both rows side by side, as long as the longer one.
std::vector<TimelineSecond> timeline_of(const std::vector<std::uint64_t>& accepted,
                                        const std::vector<std::uint64_t>& completed);

// What one run measured. What was not measured is empty, and null in JSON.
struct Results {
  std::string at;  // RFC 3339, UTC
  bool quick = false;
  Machine machine;
  std::map<std::string, std::string> versions;

  std::optional<double> load_seconds;
  std::optional<std::uint64_t> orders;  // accepted under the top load
  std::optional<double> accepted_per_s;
  std::optional<double> completed_per_s;
  std::optional<double> p99_ms_at_top;
  std::vector<TimelineSecond> timeline;
  std::optional<double> limit_per_s;
  std::optional<double> ratio_to_limit;
  std::map<std::string, double> limit_cpu_us_per_order;  // of each server when driven alone
  std::optional<double> half_load_per_s;
  std::optional<double> p50_ms_at_half;
  std::optional<double> p95_ms_at_half;
  std::optional<double> p99_ms_at_half;
  std::optional<double> bare_reserve_p99_ms;  // at that rate, without Holdfast
  std::optional<double> bare_publish_p99_ms;
  std::optional<double> refunds_per_s;
  std::optional<double> early_refunds_per_s;
  std::optional<double> preempting_refunds_per_s;
  std::optional<double> sold_out_per_s;
  std::optional<double> nginx_per_s;
  std::optional<double> sold_out_ratio_to_nginx;
  std::map<std::string, double> cpu_us_per_order;
  std::optional<double> rss_mib;      // of Holdfast: the most it had up to the refunds
  std::optional<double> rss_end_mib;  // and what it had after them
  std::optional<double> pgbench_per_s;
  std::optional<double> ratio_to_pgbench;
  std::vector<StepsPoint> sync_vs_async;
  std::vector<OverloadPoint> overload;
  std::vector<SkusPoint> skus;
  std::vector<GrowthPoint> growth;
};

boost::json::object to_json(const Results& results);
// Writes `results` to a file, making its folder; the whole file or nothing.
Result<void> write_results(const boost::json::object& results, const std::string& file);
// JSON with line breaks and indentation, its numbers as short as they can be.
std::string pretty(const boost::json::value& value);

}  // namespace holdfast::bench
