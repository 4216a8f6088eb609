#include "bench/headline.h"

#include <fmt/format.h>

#include "bench/workloads.h"

namespace holdfast::bench {

Result<void> bring_stock_in(Stage& stage) {
  auto brought = stage.bring_stock_in(stage.sku_prefix("bench"), kSkus, kUnitsPerSku, "stock");
  if (brought) {
    stage.done("stock", fmt::format("{} SKUs of {} units", kSkus, kUnitsPerSku));
  }
  return brought;
}

Result<void> warm_up(Stage& stage) {
  Orders orders(stage.endpoint(), stage.shape("w"));
  const auto run = stage.bounds("warm-up", stage.options().part(0.1, 1));
  const auto completed = stage.complete(orders, run, "warm-up");
  if (!completed) {
    return tl::make_unexpected(completed.error());
  }
  stage.done("warm-up",
             fmt::format("{} orders{}, not counted", completed->accepted, completed->refusals()));
  return {};
}

Result<std::vector<std::string>> top_load(Stage& stage, const Processes& processes,
                                          Results& results) {
  const Options& options = stage.options();
  Orders::Shape shape = stage.shape("t");
  shape.keep_ids = options.refunds();
  Orders orders(stage.endpoint(), shape);
  const CpuSeconds cpu_before = read_cpu(processes);
  const auto run = stage.bounds("top load", options.part(1, 1));
  const auto completed = stage.complete(orders, run, "top load");
  if (!completed) {
    return tl::make_unexpected(completed.error());
  }
  const auto by_second = stage.counter().completed_by_second();
  if (!by_second) {
    return tl::make_unexpected(by_second.error());
  }
  const auto count = static_cast<double>(completed->accepted);
  for (const auto& [process, seconds] : read_cpu(processes)) {
    results.cpu_us_per_order[process] = (seconds - cpu_before.at(process)) / count * 1e6;
  }
  results.timeline = timeline_of(orders.accepted_by_second(), *by_second);
  results.load_seconds = completed->load.seconds();
  results.orders = completed->accepted;
  results.accepted_per_s = completed->accepted_per_second();
  results.completed_per_s = completed->completed_per_s;
  results.p99_ms_at_top = ms_of(completed->load.success_latency.percentile(99));
  stage.done("top load",
             fmt::format("{:.0f} accepted/s, {:.0f} completed/s ({} orders, {} connections{})",
                         *results.accepted_per_s, *results.completed_per_s, *results.orders,
                         options.connections, completed->refusals()));
  return orders.order_ids();
}

Result<void> half_load(Stage& stage, Results& results) {
  Orders orders(stage.endpoint(), stage.shape("h"));
  load::RunOptions run = stage.bounds("half load", stage.options().part(0.5, 2));
  run.per_second = results.accepted_per_s.value() / 2;
  const auto completed = stage.complete(orders, run, "half load");
  if (!completed) {
    return tl::make_unexpected(completed.error());
  }
  const load::Histogram& latency = completed->load.success_latency;
  results.half_load_per_s = run.per_second;
  results.p50_ms_at_half = ms_of(latency.percentile(50));
  results.p95_ms_at_half = ms_of(latency.percentile(95));
  results.p99_ms_at_half = ms_of(latency.percentile(99));
  stage.done("half load",
             fmt::format("p50 {:.2f} ms, p95 {:.2f} ms, p99 {:.2f} ms at {:.0f}/s{}",
                         *results.p50_ms_at_half, *results.p95_ms_at_half, *results.p99_ms_at_half,
                         run.per_second, completed->refusals()));
  return {};
}

Result<void> sold_out(Stage& stage, Results& results) {
  Orders::Shape shape = stage.shape("s");
  shape.sku_prefix = stage.sku_prefix("gone");
  shape.skus = 1;
  const auto stocked = stage.bring_stock_in(shape.sku_prefix, 1, 0, "sold out");
  if (!stocked) {
    return stocked;
  }
  Orders orders(stage.endpoint(), shape);
  const auto run = stage.bounds("sold out", stage.options().part(0.25, 1));
  const auto result = stage.drive(orders, run, {{409}}, "sold out");
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  results.sold_out_per_s = result->answered_per_second();
  stage.done("sold out", fmt::format("{:.0f} answers/s, p99 {:.2f} ms", *results.sold_out_per_s,
                                     ms_of(result->latency.percentile(99))));
  return {};
}

Result<void> late_refunds(Stage& stage, const std::vector<std::string>& order_ids,
                          const Processes& processes, Results& results) {
  if (order_ids.empty()) {
    return fail("refunds: no accepted order named its id in a Location header");
  }
  const auto started = stage.counter().start();
  if (!started) {
    return started;
  }
  Refunds refunds(stage.endpoint(), order_ids);
  load::RunOptions run = stage.bounds("refunds", stage.options().drain_deadline());
  run.max_requests = order_ids.size();
  const auto result = stage.drive(refunds, run, {{202}}, "refunds");
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  const auto drained = stage.drain(result->answered, "refunds", &Counter::count_refunded);
  if (!drained) {
    return tl::make_unexpected(drained.error());
  }
  results.refunds_per_s = per_second(result->answered, result->first_sent, drained->at);
  const Memory memory = read_memory(processes.holdfast);
  results.rss_mib = memory.peak_mib;
  results.rss_end_mib = memory.now_mib;
  stage.done("refunds", fmt::format("{:.0f} refunded/s ({} late refunds)", *results.refunds_per_s,
                                    result->answered));
  return {};
}

}  // namespace holdfast::bench
