#include "bench/series.h"

#include <fmt/format.h>

namespace holdfast::bench {
namespace {

// Many more than the top load has: what is offered beyond the capacity has to reach Holdfast, and
// not wait in the load generator.
constexpr std::size_t kConnectionsFactor = 4;
constexpr std::chrono::seconds kOverloadDrain{60};

std::vector<int> percents(bool quick) {
  return quick ? std::vector<int>{50, 100, 200}
               : std::vector<int>{10, 25, 50, 75, 100, 125, 150, 200};
}

Result<OverloadPoint> offer(Stage& stage, int percent, double top_per_s) {
  const std::string phase = fmt::format("load {} %", percent);
  Orders orders(stage.endpoint(), stage.shape(fmt::format("o{}", percent)));
  load::RunOptions run = stage.bounds(phase, stage.options().part(0.2, 1));
  run.connections = stage.options().connections * kConnectionsFactor;
  run.per_second = top_per_s * percent / 100;
  run.drain_time = kOverloadDrain;
  const Expected expected{kAcceptedOrRefused, true};
  const auto completed = stage.complete(orders, run, phase, expected);
  if (!completed) {
    return tl::make_unexpected(completed.error());
  }
  const load::RunResult& load = completed->load;
  OverloadPoint point;
  point.offered_percent = percent;
  point.offered_per_s = run.per_second;
  point.accepted_per_s = completed->accepted_per_second();
  point.completed_per_s = completed->completed_per_s;
  point.refused_per_s = per_second(load.refused(), load.first_sent, load.last_answered);
  point.p50_ms = ms_of(load.success_latency.percentile(50));
  point.p99_ms = ms_of(load.success_latency.percentile(99));
  return point;
}

}  // namespace

Result<void> measure_overload(Stage& stage, Results& results) {
  for (const int percent : percents(stage.options().quick)) {
    const auto point = offer(stage, percent, results.completed_per_s.value());
    if (!point) {
      return tl::make_unexpected(point.error());
    }
    results.overload.push_back(*point);
    stage.done(fmt::format("load {} %", percent),
               fmt::format("{:.0f} offered/s, {:.0f} accepted/s, {:.0f} refused/s, p99 {:.2f} ms",
                           point->offered_per_s, point->accepted_per_s, point->refused_per_s,
                           point->p99_ms));
  }
  return {};
}

Result<void> measure_skus(Stage& stage, Results& results) {
  // Bringing the stock of many SKUs in takes longer than a quick run may.
  const std::size_t many = stage.options().quick ? kSkus : 10 * kSkus;
  for (const std::size_t skus : {std::size_t{1}, many}) {
    const std::string phase = fmt::format("SKUs {}", skus);
    Orders::Shape shape = stage.shape(fmt::format("k{}", skus));
    shape.sku_prefix = stage.sku_prefix(fmt::format("of{}", skus));
    shape.skus = skus;
    const auto stocked = stage.bring_stock_in(shape.sku_prefix, skus, kUnitsPerSku, phase);
    if (!stocked) {
      return stocked;
    }
    Orders orders(stage.endpoint(), shape);
    const auto run = stage.bounds(phase, stage.options().part(0.25, 1));
    const auto completed = stage.complete(orders, run, phase);
    if (!completed) {
      return tl::make_unexpected(completed.error());
    }
    results.skus.push_back({skus, completed->completed_per_s});
    stage.done(phase, fmt::format("{:.0f} completed/s", completed->completed_per_s));
  }
  return {};
}

}  // namespace holdfast::bench
