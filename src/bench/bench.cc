#include "bench/bench.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>
#include <vector>

#include "bench/bare.h"
#include "bench/book.h"
#include "bench/early.h"
#include "bench/growth.h"
#include "bench/headline.h"
#include "bench/limit.h"
#include "bench/nginx.h"
#include "bench/pgbench.h"
#include "bench/proc_files.h"
#include "bench/series.h"
#include "bench/server.h"
#include "bench/stage.h"
#include "bench/steps.h"

namespace holdfast::bench {
namespace {

std::string now_text() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.000Z", now);
}

// What needs orders that were completed under the top load, or their rate.
const Parts kOnTopLoad{Part::headline, Part::limit, Part::pgbench, Part::overload};
const Parts kOnOneBook{Part::headline,      Part::limit, Part::pgbench,  Part::nginx,
                       Part::early_refunds, Part::steps, Part::overload, Part::skus};

// A Holdfast that is up, and what is beside it.
struct Site {
  load::Endpoint provider;  // where the remote steps of its plans are carried out
  Processes processes;
  std::string log_dir;
};

Result<void> measure_headline(Stage& stage, const Site& site, Results& results) {
  const Options& options = stage.options();
  std::vector<std::string> order_ids;
  if (options.wants_one_of(kOnTopLoad)) {
    auto top = top_load(stage, site.processes, results);
    if (!top) {
      return tl::make_unexpected(top.error());
    }
    order_ids = std::move(*top);
  }
  if (options.wants(Part::headline)) {
    auto half = half_load(stage, results);
    auto refunded =
        half ? late_refunds(stage, order_ids, site.processes, results) : std::move(half);
    if (!refunded) {
      return refunded;
    }
  }
  if (options.wants_one_of({Part::headline, Part::nginx})) {
    return sold_out(stage, results);
  }
  return {};
}

// The phases, one after the other.
Result<void> play(Stage& stage, const Site& site, Results& results) {
  using Phase = std::function<Result<void>()>;
  const Options& options = stage.options();
  const std::pair<bool, Phase> phases[] = {
      {true, [&] { return bring_stock_in(stage); }},
      {true, [&] { return warm_up(stage); }},
      {true, [&] { return measure_headline(stage, site, results); }},
      {options.wants(Part::nginx),
       [&] { return compare_with_nginx(stage, site.log_dir, results); }},
      {options.wants(Part::early_refunds), [&] { return early_refunds(stage, results); }},
      {options.wants(Part::steps),
       [&] { return measure_steps(stage, site.provider, site.log_dir, results); }},
      {options.wants(Part::overload), [&] { return measure_overload(stage, results); }},
      {options.wants(Part::skus), [&] { return measure_skus(stage, results); }},
  };
  for (const auto& [is_wanted, phase] : phases) {
    auto played = is_wanted ? phase() : Result<void>();
    if (!played) {
      return played;
    }
  }
  return {};
}

// The configuration that was given, with the plans of the steps' series in a file of its own.
Result<Launch> launch_for_all(const Options& options, const Site& site) {
  Launch launch{options.config, {kRefundDelay}};
  if (!options.wants(Part::steps)) {
    return launch;
  }
  launch.config = site.log_dir + "/bench-holdfast.toml";
  std::ofstream file(launch.config);
  file << (options.config.empty() ? "" : text_of(options.config)) << step_plans(site.provider);
  file.close();
  if (!file) {
    return fail(launch.config + " cannot be written");
  }
  return launch;
}

Result<ChildProcess> start_for_all(const Options& options, const Target& target, Site& site,
                                   const Watcher& watcher) {
  const auto launch = launch_for_all(options, site);
  if (!launch) {
    return tl::make_unexpected(launch.error());
  }
  watcher.show("starting Holdfast", false);
  auto server =
      start_holdfast(options, *launch, target.endpoint, site.log_dir, watcher.interrupted);
  if (server) {
    site.processes.holdfast = server->pid();
  }
  return server;
}

Result<void> compare_with_bare(const Options& options, const Watcher& watcher, Results& results) {
  const double per_second = results.accepted_per_s.value() / 2;
  watcher.show(fmt::format("bare         {:.0f} orders/s, one by one …", per_second), false);
  const auto bare = measure_bare(options, per_second, options.part(0.25, 1));
  if (!bare) {
    return tl::make_unexpected(bare.error());
  }
  results.bare_reserve_p99_ms = bare->reserve_p99_ms;
  results.bare_publish_p99_ms = bare->publish_p99_ms;
  watcher.show(fmt::format("{:<12} script p50 {:.2f} ms, p99 {:.2f} ms; confirmed publish p50 "
                           "{:.2f} ms, p99 {:.2f} ms",
                           "bare", bare->reserve_p50_ms, bare->reserve_p99_ms, bare->publish_p50_ms,
                           bare->publish_p99_ms),
               true);
  return {};
}

Result<void> compare_with_limit(const Options& options, const Processes& processes,
                                const Watcher& watcher, Results& results) {
  const auto limit =
      measure_limit(options, processes, options.part(0.15, 1), [&](const std::string& server) {
        watcher.show("limit        " + server + " alone …", false);
      });
  if (!limit) {
    return tl::make_unexpected(limit.error());
  }
  results.limit_cpu_us_per_order = limit->cpu_us_per_order;
  results.limit_per_s = limit->per_s;
  results.ratio_to_limit = results.completed_per_s.value() / limit->per_s;
  watcher.show(fmt::format("{:<12} {:.0f} orders/s, were the servers alone", "limit", limit->per_s),
               true);
  return compare_with_bare(options, watcher, results);
}

// Holdfast is up only while these run.
Result<void> measure_one_book(const Options& options, const Target& target, Site site,
                              const Watcher& watcher, Results& results) {
  const auto server = start_for_all(options, target, site, watcher);
  if (!server) {
    return tl::make_unexpected(server.error());
  }
  auto book = Book::open(target.postgres_url);
  if (!book) {
    return tl::make_unexpected(book.error());
  }
  site.processes.not_counted = book->backend();
  results.versions["postgresql"] = book->server_version();
  Stage stage(options, target.endpoint, watcher, *book);
  auto played = play(stage, site, results);
  if (!played || !options.wants(Part::limit)) {
    return played;
  }
  return compare_with_limit(options, site.processes, watcher, results);
}

Result<void> compare_with_pgbench(const Options& options, const Target& target,
                                  const std::string& log_dir, const Watcher& watcher,
                                  Results& results) {
  watcher.show("pgbench      one order a transaction, 8 connections …", false);
  const auto compared =
      run_pgbench(target.postgres_url, log_dir, options.part(0.5, 2), watcher.interrupted);
  if (!compared) {
    return tl::make_unexpected(compared.error());
  }
  results.pgbench_per_s = *compared;
  results.ratio_to_pgbench = results.completed_per_s.value() / *compared;
  watcher.show(fmt::format("{:<12} {:.0f} orders/s, one a transaction", "pgbench", *compared),
               true);
  return {};
}

Result<void> measure_on_servers(const Options& options, const Target& target, Site site,
                                const Watcher& watcher, Results& results) {
  const auto processes = find_servers(options.stack_dir);
  if (!processes) {
    return tl::make_unexpected(processes.error());
  }
  site.processes = *processes;
  Result<void> done;
  if (options.wants_one_of(kOnOneBook)) {
    done = measure_one_book(options, target, site, watcher, results);
  }
  if (done && options.wants(Part::pgbench)) {
    done = compare_with_pgbench(options, target, site.log_dir, watcher, results);
  }
  if (done && options.wants(Part::growth)) {
    done = measure_growth(options, target, site.processes, site.log_dir, watcher, results);
  }
  return done;
}

Result<void> measure_embedded(const Options& options, const Target& target, Site site,
                              const Watcher& watcher, Results& results) {
  const auto server = start_for_all(options, target, site, watcher);
  if (!server) {
    return tl::make_unexpected(server.error());
  }
  MetricsCounter counter(target.endpoint);
  Stage stage(options, target.endpoint, watcher, counter);
  return play(stage, site, results);
}

}  // namespace

Result<Results> run_benchmark(const Options& options, const Watcher& watcher) {
  const auto target = read_target(options);
  if (!target) {
    return tl::make_unexpected(target.error());
  }
  const bool on_servers = options.embedded.empty();
  const auto provider = free_endpoint();
  if (!provider) {
    return tl::make_unexpected(provider.error());
  }
  const Site site{*provider, {}, (on_servers ? options.stack_dir : options.embedded) + "/log"};
  std::error_code ignored;
  std::filesystem::create_directories(site.log_dir, ignored);
  Results results;
  results.at = now_text();
  results.quick = options.quick;
  results.machine = read_machine();
  results.versions["holdfast"] = holdfast_version(options, site.log_dir, watcher.interrupted);
  const auto measure = on_servers ? measure_on_servers : measure_embedded;
  const auto done = measure(options, *target, site, watcher, results);
  if (!done) {
    return tl::make_unexpected(done.error());
  }
  return results;
}

}  // namespace holdfast::bench
