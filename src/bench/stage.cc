#include "bench/stage.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "load/identity.h"

namespace holdfast::bench {
namespace {

bool is_expected(const load::RunResult& result, const Expected& expected) {
  std::uint64_t wanted = 0;
  for (const int status : expected.statuses) {
    wanted += result.with_status(status);
  }
  return wanted == result.sent && wanted > 0 && (result.unsent == 0 || expected.may_be_unsent);
}

Failure unexpected_answers(const load::RunResult& result, const Expected& expected,
                           const std::string& phase) {
  std::string wanted;
  for (const int status : expected.statuses) {
    wanted += (wanted.empty() ? "" : " or ") + std::to_string(status);
  }
  std::string seen;
  for (const auto& [status, count] : result.by_status) {
    seen += fmt::format(" {} × {},", count, status);
  }
  return {fmt::format("{}: every answer should be {}, but of {} there were{} {} broken ({}), "
                      "{} unanswered, {} not sent in time",
                      phase, wanted, result.sent + result.unsent, seen, result.broken,
                      result.first_error, result.unanswered, result.unsent),
          false};
}

}  // namespace

double ms_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double per_second(std::uint64_t count, load::Clock::time_point from, load::Clock::time_point to) {
  return static_cast<double>(count) / std::chrono::duration<double>(to - from).count();
}

Stage::Stage(const Options& options, const load::Endpoint& endpoint, const Watcher& watcher,
             Counter& counter)
    : options_(options),
      endpoint_(endpoint),
      watcher_(watcher),
      counter_(counter),
      run_(load::run_suffix(load::fresh_seed())) {}

void Stage::show(const std::string& phase, const std::string& what) const {
  watcher_.show(fmt::format("{:<12} {}", phase, what), false);
}

void Stage::done(const std::string& phase, const std::string& what) const {
  watcher_.show(fmt::format("{:<12} {}", phase, what), true);
}

Orders::Shape Stage::shape(const std::string& phase) const {
  Orders::Shape shape;
  shape.user_prefix = fmt::format("{}-{}-", run_, phase);
  shape.sku_prefix = sku_prefix("bench");
  shape.skus = kSkus;
  return shape;
}

load::RunOptions Stage::bounds(const std::string& phase, std::chrono::milliseconds time) const {
  load::RunOptions run;
  run.connections = options_.connections;
  run.max_requests = kMaxOrders;
  run.max_time = time;
  run.rest_when_refused = kRestWhenRefused;
  run.on_tick = [this, phase](const load::Progress& progress) {
    const double seconds = std::chrono::duration<double>(progress.elapsed).count();
    const double rate = seconds > 0 ? static_cast<double>(progress.answered) / seconds : 0;
    show(phase,
         fmt::format("{:>5.1f} s  {:>8} answers  {:>7.0f}/s", seconds, progress.answered, rate));
    return !watcher_.interrupted;
  };
  return run;
}

Result<load::RunResult> Stage::drive(load::Workload& workload, const load::RunOptions& run,
                                     const Expected& expected, const std::string& phase) const {
  return drive_at(endpoint_, workload, run, expected, phase);
}

Result<load::RunResult> Stage::drive_at(const load::Endpoint& endpoint, load::Workload& workload,
                                        const load::RunOptions& run, const Expected& expected,
                                        const std::string& phase) {
  auto result = load::run_load(endpoint, workload, run);
  if (!result) {
    return unreachable(result.error());
  }
  if (result->stopped) {
    return fail("interrupted");
  }
  if (!is_expected(*result, expected)) {
    return tl::make_unexpected(unexpected_answers(*result, expected, phase));
  }
  return std::move(*result);
}

Result<Drained> Stage::drain(std::uint64_t accepted, const std::string& phase,
                             Result<std::uint64_t> (Counter::*count)()) {
  const auto drained =
      wait_for_count([&] { return (counter_.*count)(); }, accepted, options_.drain_deadline(),
                     watcher_.interrupted,
                     [&](std::uint64_t seen) {
                       show(phase, fmt::format("{} of {} done in the book", seen, accepted));
                     });
  if (!drained) {
    return drained;
  }
  if (watcher_.interrupted) {
    return fail("interrupted");
  }
  if (drained->count != accepted) {
    return fail(fmt::format("{}: {} were accepted, but {} are done in the book", phase, accepted,
                            drained->count));
  }
  return drained;
}

std::string CompletedLoad::refusals() const {
  return load.refused() > 0 ? fmt::format(", {} refused", load.refused()) : "";
}

Result<CompletedLoad> Stage::complete(Orders& orders, const load::RunOptions& run,
                                      const std::string& phase, const Expected& expected) {
  const auto started = counter_.start();
  if (!started) {
    return tl::make_unexpected(started.error());
  }
  auto result = drive(orders, run, expected, phase);
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  CompletedLoad completed;
  completed.accepted = result->with_status(200) + result->with_status(202);
  if (completed.accepted == 0) {
    return fail(phase + ": none was accepted, all were refused");
  }
  const auto drained = drain(completed.accepted, phase, &Counter::count_completed);
  if (!drained) {
    return tl::make_unexpected(drained.error());
  }
  completed.completed_per_s = per_second(completed.accepted, result->first_sent, drained->at);
  completed.load = std::move(*result);
  return completed;
}

Result<void> Stage::bring_stock_in(const std::string& prefix, std::size_t skus, std::int64_t units,
                                   const std::string& phase) {
  std::vector<std::string> names;
  for (std::size_t number = 0; number < skus; ++number) {
    names.push_back(Orders::sku_name(prefix, number));
  }
  StockIn stock(endpoint_, std::move(names), units);
  load::RunOptions run = bounds(phase, kStartDeadline);
  run.max_requests = skus;
  return drive(stock, run, {{200}}, phase).map([](const load::RunResult&) {});
}

}  // namespace holdfast::bench
