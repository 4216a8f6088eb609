#include "bench/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <utility>

namespace holdfast::bench {

namespace json = boost::json;

std::vector<TimelineSecond> timeline_of(const std::vector<std::uint64_t>& accepted,
                                        const std::vector<std::uint64_t>& completed) {
  std::vector<TimelineSecond> timeline;
  for (std::size_t i = 0; i < std::max(accepted.size(), completed.size()); ++i) {
    TimelineSecond second;
    second.second = i;
    second.accepted = i < accepted.size() ? accepted[i] : 0;
    if (!completed.empty()) {
      second.completed = i < completed.size() ? completed[i] : 0;
    }
    timeline.push_back(second);
  }
  return timeline;
}

namespace {

json::value number(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::value number(const std::optional<double>& value) {
  return value ? number(*value) : json::value(nullptr);
}

json::object object_of(const std::map<std::string, double>& values) {
  json::object object;
  for (const auto& [name, value] : values) {
    object[name] = number(value);
  }
  return object;
}

void write_pretty(const json::value& value, const std::string& indent, std::string& out) {
  if (const json::object* object = value.if_object(); object != nullptr && !object->empty()) {
    const char* separator = "{\n";
    for (const auto& member : *object) {
      out += separator + indent + "  " + json::serialize(member.key()) + ": ";
      write_pretty(member.value(), indent + "  ", out);
      separator = ",\n";
    }
    out += "\n" + indent + "}";
  } else if (const json::array* array = value.if_array(); array != nullptr && !array->empty()) {
    const char* separator = "[\n";
    for (const json::value& element : *array) {
      out += separator + indent + "  ";
      write_pretty(element, indent + "  ", out);
      separator = ",\n";
    }
    out += "\n" + indent + "]";
  } else if (value.is_double()) {
    out += fmt::format("{:.6g}", value.get_double());
  } else {
    out += json::serialize(value);
  }
}

json::value count(const std::optional<std::uint64_t>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object to_object(const StepsPoint& point) {
  return {{"steps", point.steps},
          {"async_p50_ms", number(point.async_p50_ms)},
          {"async_p99_ms", number(point.async_p99_ms)},
          {"async_per_s", number(point.async_per_s)},
          {"sync_p50_ms", number(point.sync_p50_ms)},
          {"sync_p99_ms", number(point.sync_p99_ms)},
          {"sync_per_s", number(point.sync_per_s)}};
}

json::object to_object(const OverloadPoint& point) {
  return {{"offered_percent", point.offered_percent},
          {"offered_per_s", number(point.offered_per_s)},
          {"accepted_per_s", number(point.accepted_per_s)},
          {"completed_per_s", number(point.completed_per_s)},
          {"refused_per_s", number(point.refused_per_s)},
          {"p50_ms", number(point.p50_ms)},
          {"p99_ms", number(point.p99_ms)}};
}

json::object to_object(const SkusPoint& point) {
  return {{"skus", point.skus}, {"completed_per_s", number(point.completed_per_s)}};
}

json::object to_object(const GrowthPoint& point) {
  return {{"orders_in_book", point.orders_in_book},
          {"completed_per_s", number(point.completed_per_s)},
          {"holdfast_mib", number(point.holdfast_mib)},
          {"redis_mib", number(point.redis_mib)},
          {"postgres_mib", number(point.postgres_mib)}};
}

json::object to_object(const TimelineSecond& second) {
  return {{"second", second.second},
          {"accepted", second.accepted},
          {"completed", count(second.completed)}};
}

template <class Point>
json::value series(const std::vector<Point>& points) {
  if (points.empty()) {
    return nullptr;
  }
  json::array array;
  for (const Point& point : points) {
    array.push_back(to_object(point));
  }
  return array;
}

}  // namespace

json::object to_json(const Results& results) {
  json::object versions;
  for (const auto& [program, version] : results.versions) {
    versions[program] = version;
  }
  return {{"accepted_per_s", number(results.accepted_per_s)},
          {"completed_per_s", number(results.completed_per_s)},
          {"limit_per_s", number(results.limit_per_s)},
          {"ratio_to_limit", number(results.ratio_to_limit)},
          {"p50_ms_at_half", number(results.p50_ms_at_half)},
          {"p95_ms_at_half", number(results.p95_ms_at_half)},
          {"p99_ms_at_half", number(results.p99_ms_at_half)},
          {"half_load_per_s", number(results.half_load_per_s)},
          {"bare_reserve_p99_ms", number(results.bare_reserve_p99_ms)},
          {"bare_publish_p99_ms", number(results.bare_publish_p99_ms)},
          {"p99_ms_at_top", number(results.p99_ms_at_top)},
          {"refunds_per_s", number(results.refunds_per_s)},
          {"early_refunds_per_s", number(results.early_refunds_per_s)},
          {"preempting_refunds_per_s", number(results.preempting_refunds_per_s)},
          {"sold_out_per_s", number(results.sold_out_per_s)},
          {"nginx_per_s", number(results.nginx_per_s)},
          {"sold_out_ratio_to_nginx", number(results.sold_out_ratio_to_nginx)},
          {"cpu_us_per_order", object_of(results.cpu_us_per_order)},
          {"limit_cpu_us_per_order", object_of(results.limit_cpu_us_per_order)},
          {"rss_mib", number(results.rss_mib)},
          {"rss_end_mib", number(results.rss_end_mib)},
          {"pgbench_one_order_per_transaction_per_s", number(results.pgbench_per_s)},
          {"ratio_to_pgbench", number(results.ratio_to_pgbench)},
          {"orders", count(results.orders)},
          {"load_seconds", number(results.load_seconds)},
          {"timeline", series(results.timeline)},
          {"sync_vs_async", series(results.sync_vs_async)},
          {"overload", series(results.overload)},
          {"skus", series(results.skus)},
          {"growth", series(results.growth)},
          {"quick", results.quick},
          {"at", results.at},
          {"machine", json::object{{"cpu", results.machine.cpu},
                                   {"cores", results.machine.cores},
                                   {"memory_mib", results.machine.memory_mib},
                                   {"kernel", results.machine.kernel}}},
          {"versions", std::move(versions)}};
}

std::string pretty(const json::value& value) {
  std::string out;
  write_pretty(value, "", out);
  return out + "\n";
}

Result<void> write_results(const json::object& results, const std::string& file) {
  const std::filesystem::path path(file);
  std::error_code error;
  if (path.has_parent_path()) {
    std::filesystem::create_directories(path.parent_path(), error);
  }
  const std::string unfinished = file + ".new";
  std::ofstream out(unfinished);
  out << pretty(results);
  out.close();
  if (!out) {
    return fail(file + " cannot be written" + (error ? ": " + error.message() : ""));
  }
  std::filesystem::rename(unfinished, path, error);
  if (error) {
    return fail(file + " cannot be written: " + error.message());
  }
  return {};
}

}  // namespace holdfast::bench
