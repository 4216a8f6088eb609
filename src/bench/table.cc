#include "bench/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace holdfast::bench {
namespace {

// How many characters are shown of a text in UTF-8: only Latin letters and signs are in ours.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string row(std::string_view name, std::optional<double> value, int digits,
                std::string_view unit) {
  if (!value) {
    return "";
  }
  return fmt::format("  {:<38}{:>12.{}f} {}\n", name, *value, digits, unit);
}

std::string cell(double value, int digits) {
  return fmt::format("{:.{}f}", value, digits);
}

using Line = std::vector<std::string>;

// Lines of one length, right-aligned; the first holds the headings.
std::string small_table(std::string_view title, const std::vector<Line>& lines) {
  std::string out = fmt::format("\n  {}\n", title);
  for (const Line& line : lines) {
    for (std::size_t column = 0; column < line.size(); ++column) {
      std::size_t width = 0;
      for (const Line& other : lines) {
        width = std::max(width, width_of(other[column]));
      }
      out += std::string(width + 2 - width_of(line[column]), ' ') + line[column];
    }
    out += "\n";
  }
  return out;
}

std::string steps_table(const std::vector<StepsPoint>& points) {
  std::vector<Line> lines{
      {"remote steps", "async p50 ms", "p99", "orders/s", "sync p50 ms", "p99", "orders/s"}};
  for (const StepsPoint& point : points) {
    lines.push_back({std::to_string(point.steps), cell(point.async_p50_ms, 2),
                     cell(point.async_p99_ms, 2), cell(point.async_per_s, 0),
                     cell(point.sync_p50_ms, 2), cell(point.sync_p99_ms, 2),
                     cell(point.sync_per_s, 0)});
  }
  return points.empty() ? "" : small_table("answered at once, and when all is done", lines);
}

std::string overload_table(const std::vector<OverloadPoint>& points) {
  std::vector<Line> lines{
      {"offered %", "offered/s", "accepted/s", "completed/s", "refused/s", "p50 ms", "p99 ms"}};
  for (const OverloadPoint& point : points) {
    lines.push_back({std::to_string(point.offered_percent), cell(point.offered_per_s, 0),
                     cell(point.accepted_per_s, 0), cell(point.completed_per_s, 0),
                     cell(point.refused_per_s, 0), cell(point.p50_ms, 2), cell(point.p99_ms, 2)});
  }
  return points.empty() ? "" : small_table("offered load, of the completed rate above", lines);
}

std::string skus_table(const std::vector<SkusPoint>& points) {
  std::vector<Line> lines{{"SKUs", "completed/s"}};
  for (const SkusPoint& point : points) {
    lines.push_back({std::to_string(point.skus), cell(point.completed_per_s, 0)});
  }
  return points.empty() ? "" : small_table("orders over few and many SKUs", lines);
}

std::string growth_table(const std::vector<GrowthPoint>& points) {
  std::vector<Line> lines{
      {"orders in the book", "completed/s", "Holdfast MiB", "Redis MiB", "PostgreSQL MiB"}};
  for (const GrowthPoint& point : points) {
    lines.push_back({std::to_string(point.orders_in_book), cell(point.completed_per_s, 0),
                     cell(point.holdfast_mib, 1), cell(point.redis_mib, 1),
                     cell(point.postgres_mib, 1)});
  }
  return points.empty() ? "" : small_table("a growing book", lines);
}

std::string timeline_table(const std::vector<TimelineSecond>& seconds) {
  std::vector<Line> lines{{"second", "accepted", "completed"}};
  for (const TimelineSecond& second : seconds) {
    lines.push_back({std::to_string(second.second), std::to_string(second.accepted),
                     second.completed ? std::to_string(*second.completed) : ""});
  }
  return seconds.empty() ? "" : small_table("the top load, second by second", lines);
}

}  // namespace

std::string to_table(const Results& results) {
  std::string out = fmt::format("\n  {} · {} cores · {}\n\n", results.machine.cpu,
                                results.machine.cores, results.machine.kernel);
  out += row("completed orders (the headline)", results.completed_per_s, 0, "/s");
  out += row("accepted orders", results.accepted_per_s, 0, "/s");
  out += row("late refunds, done", results.refunds_per_s, 0, "/s");
  out += row("early refunds, done", results.early_refunds_per_s, 0, "/s");
  out += row("pre-empting refunds, done", results.preempting_refunds_per_s, 0, "/s");
  out += row("sold-out answers", results.sold_out_per_s, 0, "/s");
  out += row("answers of nginx, the same load", results.nginx_per_s, 0, "/s");
  out += row("sold-out answers ÷ nginx", results.sold_out_ratio_to_nginx, 2, "×");
  out +=
      row(fmt::format("answer to an order at {:.0f}/s: p50", results.half_load_per_s.value_or(0)),
          results.p50_ms_at_half, 2, "ms");
  out += row("                                  p95", results.p95_ms_at_half, 2, "ms");
  out += row("                                  p99", results.p99_ms_at_half, 2, "ms");
  out += row("      the bare script, without Holdfast p99", results.bare_reserve_p99_ms, 2, "ms");
  out += row("      a lone confirmed publish          p99", results.bare_publish_p99_ms, 2, "ms");
  double sum = 0;
  for (const auto& [process, us] : results.cpu_us_per_order) {
    out += row("CPU per completed order: " + process, us, 1, "µs");
    sum += us;
  }
  if (sum > 0) {
    out += row("                         all", sum, 1, "µs");
  }
  for (const auto& [process, us] : results.limit_cpu_us_per_order) {
    out += row("CPU per order, driven alone: " + process, us, 1, "µs");
  }
  out += row("the servers' limit, all cores theirs", results.limit_per_s, 0, "/s");
  out += row("completed orders ÷ limit", results.ratio_to_limit, 2, "×");
  out += row("memory of Holdfast, at most", results.rss_mib, 1, "MiB");
  out += row("pgbench, one order a transaction", results.pgbench_per_s, 0, "/s");
  out += row("completed orders ÷ pgbench", results.ratio_to_pgbench, 2, "×");
  out += steps_table(results.sync_vs_async);
  out += overload_table(results.overload);
  out += skus_table(results.skus);
  out += growth_table(results.growth);
  out += timeline_table(results.timeline);
  return out;
}

}  // namespace holdfast::bench
