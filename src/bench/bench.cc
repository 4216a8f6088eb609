#include "bench/bench.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "bench/book.h"
#include "bench/limit.h"
#include "bench/pgbench.h"
#include "bench/proc_files.h"
#include "bench/server.h"
#include "bench/workloads.h"
#include "load/driver.h"
#include "load/identity.h"

namespace holdfast::bench {
namespace {

double ms_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double seconds_between(load::Clock::time_point from, load::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string now_text() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.000Z", now);
}

// The phases, one after the other, against a Holdfast that is up. Owns the connection to the book
// and what was measured so far; one thread.
class Run {
 public:
  // `counter` outlives the run.
  Run(const Options& options, Target target, const Watcher& watcher, Processes processes,
      Counter& counter, Results& results)
      : options_(options),
        target_(std::move(target)),
        watcher_(watcher),
        processes_(processes),
        counter_(counter),
        run_(load::run_suffix(load::fresh_seed())),
        results_(results) {}

  Result<void> play();

 private:
  Result<void> bring_stock_in();
  Result<void> warm_up();
  Result<void> top_load();
  Result<void> half_load();
  Result<void> sold_out();
  Result<void> refunds();

  Orders::Shape shape(const std::string& phase, std::size_t keep_ids) const {
    return {fmt::format("{}-{}-", run_, phase), sku_prefix(), kSkus, keep_ids};
  }
  std::string sku_prefix() const { return "bench-" + run_ + "-"; }
  load::RunOptions bounds(const std::string& phase, std::chrono::milliseconds time) const;
  Result<load::RunResult> drive(load::Workload& workload, const load::RunOptions& run,
                                int wanted_status, const std::string& phase);
  Result<Drained> drain(std::uint64_t before, std::uint64_t accepted, const std::string& phase,
                        Result<std::uint64_t> (Counter::*count)());
  void done(const std::string& phase, const std::string& what) const {
    watcher_.show(fmt::format("{:<12} {}", phase, what), true);
  }

  const Options& options_;
  Target target_;
  const Watcher& watcher_;
  Processes processes_;
  Counter& counter_;
  std::string run_;
  Results& results_;
  std::vector<std::string> order_ids_;  // completed ones, to be refunded
};

Result<void> Run::play() {
  using Phase = Result<void> (Run::*)();
  for (const Phase phase : {&Run::bring_stock_in, &Run::warm_up, &Run::top_load, &Run::half_load,
                            &Run::sold_out, &Run::refunds}) {
    const auto played = (this->*phase)();
    if (!played) {
      return played;
    }
  }
  const Memory memory = read_memory(processes_.holdfast);
  results_.rss_mib = memory.peak_mib;
  results_.rss_end_mib = memory.now_mib;
  return {};
}

load::RunOptions Run::bounds(const std::string& phase, std::chrono::milliseconds time) const {
  load::RunOptions run;
  run.connections = options_.connections;
  run.max_requests = kMaxOrders;
  run.max_time = time;
  run.on_tick = [this, phase](const load::Progress& progress) {
    const double seconds = std::chrono::duration<double>(progress.elapsed).count();
    const double rate = seconds > 0 ? static_cast<double>(progress.answered) / seconds : 0;
    watcher_.show(fmt::format("{:<12} {:>5.1f} s  {:>8} answers  {:>7.0f}/s", phase, seconds,
                              progress.answered, rate),
                  false);
    return !watcher_.interrupted;
  };
  return run;
}

// Runs `workload`; anything but `wanted_status` is a failure: a rate of other answers says nothing.
Result<load::RunResult> Run::drive(load::Workload& workload, const load::RunOptions& run,
                                   int wanted_status, const std::string& phase) {
  auto result = load::run_load(target_.endpoint, workload, run);
  if (!result) {
    return unreachable(result.error());
  }
  if (result->stopped) {
    return fail("interrupted");
  }
  const std::uint64_t wanted = result->with_status(wanted_status);
  if (wanted == result->sent && wanted > 0 && result->unsent == 0) {
    return std::move(*result);
  }
  std::string seen;
  for (const auto& [status, count] : result->by_status) {
    seen += fmt::format(" {} × {},", count, status);
  }
  return fail(
      fmt::format("{}: every answer should be {}, but of {} there were{} {} broken ({}), "
                  "{} unanswered, {} not sent in time",
                  phase, wanted_status, result->sent + result->unsent, seen, result->broken,
                  result->first_error, result->unanswered, result->unsent));
}

// Waits until all that was accepted since `before` has come to its end in the book.
Result<Drained> Run::drain(std::uint64_t before, std::uint64_t accepted, const std::string& phase,
                           Result<std::uint64_t> (Counter::*count)()) {
  const auto drained = wait_for_count(
      [&] { return (counter_.*count)(); }, before + accepted, options_.drain_deadline(),
      watcher_.interrupted,
      [&](std::uint64_t seen) {
        watcher_.show(
            fmt::format("{:<12} {} of {} done in the book", phase, seen - before, accepted), false);
      });
  if (!drained) {
    return drained;
  }
  if (watcher_.interrupted) {
    return fail("interrupted");
  }
  if (drained->count != before + accepted) {
    return fail(fmt::format("{}: {} were accepted, but {} are done in the book", phase, accepted,
                            drained->count - before));
  }
  return drained;
}

Result<void> Run::bring_stock_in() {
  std::vector<std::string> skus;
  for (std::size_t number = 0; number < kSkus; ++number) {
    skus.push_back(Orders::sku_name(sku_prefix(), number));
  }
  StockIn stock(target_.endpoint, std::move(skus), kUnitsPerSku);
  load::RunOptions run = bounds("stock", kStartDeadline);
  run.max_requests = kSkus;
  const auto result = drive(stock, run, 200, "stock");
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  done("stock", fmt::format("{} SKUs of {} units", kSkus, kUnitsPerSku));
  return {};
}

Result<void> Run::warm_up() {
  const auto before = counter_.count_completed();
  if (!before) {
    return tl::make_unexpected(before.error());
  }
  Orders orders(target_.endpoint, shape("w", 0));
  const auto result = drive(orders, bounds("warm-up", options_.part(0.1, 1)), 202, "warm-up");
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  const auto drained = drain(*before, result->answered, "warm-up", &Counter::count_completed);
  if (!drained) {
    return tl::make_unexpected(drained.error());
  }
  done("warm-up", fmt::format("{} orders, not counted", result->answered));
  return {};
}

Result<void> Run::top_load() {
  const auto before = counter_.count_completed();
  if (!before) {
    return tl::make_unexpected(before.error());
  }
  Orders orders(target_.endpoint, shape("t", options_.refunds()));
  const CpuSeconds cpu_before = read_cpu(processes_);
  const auto result = drive(orders, bounds("top load", options_.part(1, 1)), 202, "top load");
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  const auto drained = drain(*before, result->answered, "top load", &Counter::count_completed);
  if (!drained) {
    return tl::make_unexpected(drained.error());
  }
  const auto count = static_cast<double>(result->answered);
  for (const auto& [process, seconds] : read_cpu(processes_)) {
    results_.cpu_us_per_order[process] = (seconds - cpu_before.at(process)) / count * 1e6;
  }
  results_.load_seconds = result->seconds();
  results_.orders = result->answered;
  results_.accepted_per_s = result->answered_per_second();
  results_.completed_per_s = count / seconds_between(result->first_sent, drained->at);
  results_.p99_ms_at_top = ms_of(result->latency.percentile(99));
  order_ids_ = orders.order_ids();
  done("top load", fmt::format("{:.0f} accepted/s, {:.0f} completed/s ({} orders, {} connections)",
                               results_.accepted_per_s, results_.completed_per_s, results_.orders,
                               options_.connections));
  return {};
}

Result<void> Run::half_load() {
  const auto before = counter_.count_completed();
  if (!before) {
    return tl::make_unexpected(before.error());
  }
  Orders orders(target_.endpoint, shape("h", 0));
  load::RunOptions run = bounds("half load", options_.part(0.5, 3));
  run.per_second = results_.accepted_per_s / 2;
  const auto result = drive(orders, run, 202, "half load");
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  results_.half_load_per_s = run.per_second;
  results_.p50_ms_at_half = ms_of(result->latency.percentile(50));
  results_.p95_ms_at_half = ms_of(result->latency.percentile(95));
  results_.p99_ms_at_half = ms_of(result->latency.percentile(99));
  const auto drained = drain(*before, result->answered, "half load", &Counter::count_completed);
  if (!drained) {
    return tl::make_unexpected(drained.error());
  }
  done("half load", fmt::format("p50 {:.2f} ms, p95 {:.2f} ms, p99 {:.2f} ms at {:.0f}/s",
                                results_.p50_ms_at_half, results_.p95_ms_at_half,
                                results_.p99_ms_at_half, run.per_second));
  return {};
}

Result<void> Run::sold_out() {
  const std::string prefix = "gone-" + run_ + "-";
  StockIn stock(target_.endpoint, {Orders::sku_name(prefix, 0)}, 0);
  load::RunOptions set = bounds("sold out", kStartDeadline);
  set.max_requests = 1;
  const auto stocked = drive(stock, set, 200, "sold out");
  if (!stocked) {
    return tl::make_unexpected(stocked.error());
  }
  Orders orders(target_.endpoint, {run_ + "-s-", prefix, 1, 0});
  const auto result = drive(orders, bounds("sold out", options_.part(0.25, 2)), 409, "sold out");
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  results_.sold_out_per_s = result->answered_per_second();
  done("sold out", fmt::format("{:.0f} answers/s, p99 {:.2f} ms", results_.sold_out_per_s,
                               ms_of(result->latency.percentile(99))));
  return {};
}

Result<void> Run::refunds() {
  if (order_ids_.empty()) {
    return fail("refunds: no accepted order named its id in a Location header");
  }
  const auto before = counter_.count_refunded();
  if (!before) {
    return tl::make_unexpected(before.error());
  }
  Refunds refunds(target_.endpoint, order_ids_);
  load::RunOptions run = bounds("refunds", options_.drain_deadline());
  run.max_requests = order_ids_.size();
  const auto result = drive(refunds, run, 202, "refunds");
  if (!result) {
    return tl::make_unexpected(result.error());
  }
  const auto drained = drain(*before, result->answered, "refunds", &Counter::count_refunded);
  if (!drained) {
    return tl::make_unexpected(drained.error());
  }
  results_.refunds_per_s =
      static_cast<double>(result->answered) / seconds_between(result->first_sent, drained->at);
  done("refunds", fmt::format("{:.0f} refunded/s ({} late refunds)", results_.refunds_per_s,
                              result->answered));
  return {};
}

Result<void> compare_with_limit(const Options& options, const Processes& processes,
                                const Watcher& watcher, Results& results) {
  const auto limit =
      measure_limit(options, processes, options.part(0.15, 2), [&](const std::string& server) {
        watcher.show("limit        " + server + " alone …", false);
      });
  if (!limit) {
    return tl::make_unexpected(limit.error());
  }
  results.limit_cpu_us_per_order = limit->cpu_us_per_order;
  results.limit_per_s = limit->per_s;
  results.ratio_to_limit = results.completed_per_s / limit->per_s;
  watcher.show(fmt::format("{:<12} {:.0f} orders/s, were the servers alone", "limit", limit->per_s),
               true);
  return {};
}

// Holdfast is up only while these run.
Result<void> measure_on_servers(const Options& options, const Target& target,
                                const std::string& log_dir, const Watcher& watcher,
                                Results& results) {
  auto processes = find_servers(options.stack_dir);
  if (!processes) {
    return tl::make_unexpected(processes.error());
  }
  watcher.show("starting Holdfast", false);
  const auto server = start_holdfast(options, target.endpoint, log_dir, watcher.interrupted);
  if (!server) {
    return tl::make_unexpected(server.error());
  }
  processes->holdfast = server->pid();
  auto book = Book::open(target.postgres_url);
  if (!book) {
    return tl::make_unexpected(book.error());
  }
  processes->not_counted = book->backend();
  results.versions["postgresql"] = book->server_version();
  auto played = Run(options, target, watcher, *processes, *book, results).play();
  if (!played) {
    return played;
  }
  return compare_with_limit(options, *processes, watcher, results);
}

Result<void> measure_embedded(const Options& options, const Target& target,
                              const std::string& log_dir, const Watcher& watcher,
                              Results& results) {
  watcher.show("starting Holdfast", false);
  const auto server = start_embedded(options, target.endpoint, log_dir, watcher.interrupted);
  if (!server) {
    return tl::make_unexpected(server.error());
  }
  Processes processes;
  processes.holdfast = server->pid();
  MetricsCounter counter(target.endpoint);
  return Run(options, target, watcher, processes, counter, results).play();
}

Result<void> compare_with_pgbench(const Options& options, const Target& target,
                                  const std::string& log_dir, const Watcher& watcher,
                                  Results& results) {
  watcher.show("pgbench      one order a transaction, 8 connections …", false);
  const auto compared =
      run_pgbench(target.postgres_url, log_dir, options.part(0.5, 3), watcher.interrupted);
  if (!compared) {
    return tl::make_unexpected(compared.error());
  }
  results.pgbench_per_s = *compared;
  results.ratio_to_pgbench = results.completed_per_s / *compared;
  watcher.show(fmt::format("{:<12} {:.0f} orders/s, one a transaction", "pgbench", *compared),
               true);
  return {};
}

}  // namespace

Result<Results> run_benchmark(const Options& options, const Watcher& watcher) {
  const auto target = read_target(options);
  if (!target) {
    return tl::make_unexpected(target.error());
  }
  const bool on_servers = options.embedded.empty();
  const std::string log_dir = (on_servers ? options.stack_dir : options.embedded) + "/log";
  std::error_code ignored;
  std::filesystem::create_directories(log_dir, ignored);
  Results results;
  results.at = now_text();
  results.quick = options.quick;
  results.machine = read_machine();
  results.versions["holdfast"] = holdfast_version(options, log_dir, watcher.interrupted);
  const auto measure = on_servers ? measure_on_servers : measure_embedded;
  auto done = measure(options, *target, log_dir, watcher, results);
  if (done && on_servers) {
    done = compare_with_pgbench(options, *target, log_dir, watcher, results);
  }
  if (!done) {
    return tl::make_unexpected(done.error());
  }
  return results;
}

}  // namespace holdfast::bench
