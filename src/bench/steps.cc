#include "bench/steps.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "bench/server.h"
#include "load/session.h"

namespace holdfast::bench {
namespace {

constexpr int kStepCounts[] = {1, 2, 4, 8, 16};
constexpr int kQuickStepCounts[] = {1, 4, 16};
constexpr const char* kProviderDelay = "2ms";
// Few clients and few orders: latencies are compared here, not throughputs, and what was placed
// asynchronously has to be carried out before the next measurement.
constexpr std::size_t kClients = 8;
constexpr std::uint64_t kOrders = 400;
constexpr std::uint64_t kQuickOrders = 100;

std::string plan_name(int steps) {
  return fmt::format("bench-{}-steps", steps);
}

std::vector<int> step_counts(bool quick) {
  return quick ? std::vector<int>(std::begin(kQuickStepCounts), std::end(kQuickStepCounts))
               : std::vector<int>(std::begin(kStepCounts), std::end(kStepCounts));
}

// Until no order is under way: without a book to look into, settled orders are counted, and these
// still have their remote steps before them.
Result<void> wait_until_idle(Stage& stage, const std::string& phase) {
  load::Session session(stage.endpoint(), kCallTimeout);
  const auto deadline = load::Clock::now() + stage.options().drain_deadline();
  for (;;) {
    const auto answer = session.call({"GET", "/v1/orders?status=processing&limit=1", "", {}});
    if (!answer) {
      return unreachable(answer.error().message);
    }
    boost::system::error_code error;
    const auto page = boost::json::parse(answer->body, error);
    if (answer->status != 200 || error) {
      return fail(phase + ": the orders under way cannot be listed");
    }
    if (page.at("orders").as_array().empty()) {
      return {};
    }
    if (stage.interrupted() || load::Clock::now() >= deadline) {
      return fail(phase + ": orders do not come to their end");
    }
    std::this_thread::sleep_for(kPollEvery);
  }
}

Result<load::RunResult> place(Stage& stage, int steps, bool is_sync) {
  const std::string phase = fmt::format("steps {}", steps);
  Orders::Shape shape = stage.shape(fmt::format("{}{}", is_sync ? "y" : "a", steps));
  shape.plan = plan_name(steps);
  if (is_sync) {
    shape.prefer = "wait=60";
  }
  Orders orders(stage.endpoint(), shape);
  load::RunOptions run = stage.bounds(phase, stage.options().part(0.15, 1));
  run.connections = kClients;
  run.max_requests = stage.options().quick ? kQuickOrders : kOrders;
  run.drain_time = kStartDeadline;
  auto completed = stage.complete(orders, run, phase, {{is_sync ? 200 : 202}});
  if (!completed) {
    return tl::make_unexpected(completed.error());
  }
  const auto idle = wait_until_idle(stage, phase);
  if (!idle) {
    return tl::make_unexpected(idle.error());
  }
  return std::move(completed->load);
}

Result<StepsPoint> measure(Stage& stage, int steps) {
  const auto async = place(stage, steps, false);
  if (!async) {
    return tl::make_unexpected(async.error());
  }
  const auto sync = place(stage, steps, true);
  if (!sync) {
    return tl::make_unexpected(sync.error());
  }
  StepsPoint point;
  point.steps = steps;
  point.async_p50_ms = ms_of(async->latency.percentile(50));
  point.async_p99_ms = ms_of(async->latency.percentile(99));
  point.async_per_s = async->answered_per_second();
  point.sync_p50_ms = ms_of(sync->latency.percentile(50));
  point.sync_p99_ms = ms_of(sync->latency.percentile(99));
  point.sync_per_s = sync->answered_per_second();
  return point;
}

}  // namespace

std::string step_plans(const load::Endpoint& provider) {
  std::string toml;
  for (const int steps : kStepCounts) {
    const std::string step = fmt::format("\n[[plans.{}.steps]]\n", plan_name(steps));
    toml += step + "name = \"stock\"\nkind = \"stock\"\n";
    for (int number = 1; number <= steps; ++number) {
      const std::string before = number == 1 ? "stock" : fmt::format("remote-{}", number - 1);
      toml += step + fmt::format(
                         "name = \"remote-{}\"\nkind = \"http\"\nafter = [\"{}\"]\n"
                         "forward_url = \"{}/charges\"\n",
                         number, before, provider.url());
    }
  }
  return toml;
}

Result<void> measure_steps(Stage& stage, const load::Endpoint& provider, const std::string& log_dir,
                           Results& results) {
  const std::vector<std::string> command{stage.options().holdfast, "psp",     "--listen",
                                         provider.authority(),     "--delay", kProviderDelay};
  const auto server =
      start_server(command, provider, "/switches", log_dir + "/bench-psp.log", stage.interrupted());
  if (!server) {
    return tl::make_unexpected(server.error());
  }
  for (const int steps : step_counts(stage.options().quick)) {
    const auto point = measure(stage, steps);
    if (!point) {
      return tl::make_unexpected(point.error());
    }
    results.sync_vs_async.push_back(*point);
    stage.done(fmt::format("steps {}", steps),
               fmt::format("p50 {:.2f} ms when answered at once, {:.2f} ms when all is done",
                           point->async_p50_ms, point->sync_p50_ms));
  }
  return {};
}

}  // namespace holdfast::bench
