#include "bench/results.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <utility>

namespace holdfast::bench {

namespace json = boost::json;

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
  } else if (value.is_double()) {
    out += fmt::format("{:.6g}", value.get_double());
  } else {
    out += json::serialize(value);
  }
}

std::string row(std::string_view name, std::optional<double> value, int digits,
                std::string_view unit) {
  if (!value) {
    return "";
  }
  return fmt::format("  {:<38}{:>12.{}f} {}\n", name, *value, digits, unit);
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
          {"p99_ms_at_top", number(results.p99_ms_at_top)},
          {"refunds_per_s", number(results.refunds_per_s)},
          {"early_refunds_per_s", number(results.early_refunds_per_s)},
          {"sold_out_per_s", number(results.sold_out_per_s)},
          {"cpu_us_per_order", object_of(results.cpu_us_per_order)},
          {"limit_cpu_us_per_order", object_of(results.limit_cpu_us_per_order)},
          {"rss_mib", number(results.rss_mib)},
          {"rss_end_mib", number(results.rss_end_mib)},
          {"pgbench_one_order_per_transaction_per_s", number(results.pgbench_per_s)},
          {"ratio_to_pgbench", number(results.ratio_to_pgbench)},
          {"orders", results.orders},
          {"load_seconds", number(results.load_seconds)},
          {"quick", results.quick},
          {"at", results.at},
          {"machine", json::object{{"cpu", results.machine.cpu},
                                   {"cores", results.machine.cores},
                                   {"memory_mib", results.machine.memory_mib},
                                   {"kernel", results.machine.kernel}}},
          {"versions", std::move(versions)}};
}

std::string to_table(const Results& results) {
  std::string out = fmt::format("\n  {} · {} cores · {}\n\n", results.machine.cpu,
                                results.machine.cores, results.machine.kernel);
  out += row("completed orders (the headline)", results.completed_per_s, 0, "/s");
  out += row("accepted orders", results.accepted_per_s, 0, "/s");
  out += row("late refunds, done", results.refunds_per_s, 0, "/s");
  out += row("sold-out answers", results.sold_out_per_s, 0, "/s");
  out += row(fmt::format("answer to an order at {:.0f}/s: p50", results.half_load_per_s),
             results.p50_ms_at_half, 2, "ms");
  out += row("                                  p95", results.p95_ms_at_half, 2, "ms");
  out += row("                                  p99", results.p99_ms_at_half, 2, "ms");
  double sum = 0;
  for (const auto& [process, us] : results.cpu_us_per_order) {
    out += row("CPU per completed order: " + process, us, 1, "µs");
    sum += us;
  }
  out += row("                         all", sum, 1, "µs");
  for (const auto& [process, us] : results.limit_cpu_us_per_order) {
    out += row("CPU per order, driven alone: " + process, us, 1, "µs");
  }
  out += row("the servers' limit, all cores theirs", results.limit_per_s, 0, "/s");
  out += row("completed orders ÷ limit", results.ratio_to_limit, 2, "×");
  out += row("memory of Holdfast, at most", results.rss_mib, 1, "MiB");
  out += row("pgbench, one order a transaction", results.pgbench_per_s, 0, "/s");
  out += row("completed orders ÷ pgbench", results.ratio_to_pgbench, 2, "×");
  return out;
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
