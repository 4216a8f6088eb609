// holdfast-bench: measures Holdfast on its real servers, in one run on one machine.

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "bench/parts.h"
#include "bench/table.h"

namespace {

using namespace holdfast;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUse = 2;
constexpr int kUnreachable = 3;
constexpr double kQuickSeconds = 3;

std::atomic<bool> interrupted{false};

extern "C" void on_signal(int) {
  interrupted = true;
}

// On a terminal the line of the phase under way is rewritten in place; in a file only results are
// kept. On stderr, so that --json leaves nothing but JSON on stdout.
void show(const std::string& line, bool is_done) {
  static const bool is_terminal = isatty(STDERR_FILENO) == 1;
  if (is_terminal) {
    std::fprintf(stderr, "\r\033[K%s %s%s", is_done ? "✓" : "…", line.c_str(), is_done ? "\n" : "");
  } else if (is_done) {
    std::fprintf(stderr, "✓ %s\n", line.c_str());
  }
  std::fflush(stderr);
}

std::string all_parts() {
  std::string all;
  for (const auto& [name, part] : bench::part_names()) {
    all += (all.empty() ? "" : ", ") + name;
  }
  return all;
}

bench::Parts read_parts(const std::vector<std::string>& names) {
  bench::Parts parts;
  for (const std::string& name : names) {
    const auto found = bench::part_names().find(name);
    if (found == bench::part_names().end()) {
      throw CLI::ValidationError("--only", "\"" + name + "\" is none of " + all_parts());
    }
    parts.insert(found->second);
  }
  return parts;
}

// Each client is an open file, here and in Holdfast, which inherits the limit; the usual 1,024 are
// too few of them for an overload.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int run(const bench::Options& options) {
  const bench::Watcher watcher{show, interrupted};
  const auto results = bench::run_benchmark(options, watcher);
  if (!results) {
    const char* start = isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "";
    std::fprintf(stderr, "%s✗ %s\n", start, results.error().message.c_str());
    return results.error().is_unreachable ? kUnreachable : kFailed;
  }
  const boost::json::object object = bench::to_json(*results);
  const auto written = bench::write_results(object, options.results);
  if (options.as_json) {
    std::fputs(bench::pretty(object).c_str(), stdout);
  } else {
    std::fputs(bench::to_table(*results).c_str(), stdout);
  }
  if (!written) {
    std::fprintf(stderr, "✗ %s\n", written.error().message.c_str());
    return kFailed;
  }
  std::fprintf(stderr, "  written to %s\n", options.results.c_str());
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Measures Holdfast on running servers: orders, refunds, sold-out answers, latencies, CPU\n"
      "and memory, beside pgbench with one order a transaction and nginx; with more and more\n"
      "steps, load, SKUs and orders in the book. Starts and stops Holdfast.\n"
      "Exit codes: 0 measured, 1 it failed, 2 wrong use, 3 a server could not be reached."};
  bench::Options options;
  auto* config = app.add_option("--config", options.config, "Holdfast's configuration file")
                     ->check(CLI::ExistingFile);
  auto* stack =
      app.add_option("--stack-dir", options.stack_dir, "the folder of the servers, for their pids")
          ->check(CLI::ExistingDirectory);
  auto* embedded =
      app.add_option("--embedded", options.embedded,
                     "measure Holdfast without servers, its data in this folder (emptied first)");
  embedded->excludes(stack);
  stack->needs(config);
  app.add_option("--holdfast", options.holdfast, "the program to measure")
      ->required()
      ->check(CLI::ExistingFile);
  auto* seconds = app.add_option("--seconds", options.seconds, "how long the top load lasts")
                      ->check(CLI::Range(1.0, 3600.0))
                      ->capture_default_str();
  app.add_option("--connections", options.connections, "how many clients order at the same time")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_flag("--quick", options.quick, "a short run, to see that it works: 3 seconds");
  app.add_option_function<std::vector<std::string>>(
         "--only",
         [&options](const std::vector<std::string>& names) { options.only = read_parts(names); },
         "measure only these, separated by commas: " + all_parts())
      ->delimiter(',')
      ->type_name("PARTS");
  app.add_option("--growth", options.growth, "the most orders to fill the book with")
      ->check(CLI::Range(1, 5'000'000));
  app.add_flag("--json", options.as_json, "JSON instead of a table");
  auto* results = app.add_option("--results", options.results, "the file to write")
                      ->default_str("build/bench/results/latest.json, or embedded.json");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUse;
  }
  if (options.embedded.empty() && options.stack_dir.empty()) {
    std::fputs("say what to measure: --config and --stack-dir, or --embedded\n", stderr);
    return kWrongUse;
  }
  if (options.quick && seconds->count() == 0) {
    options.seconds = kQuickSeconds;
  }
  if (results->count() == 0) {
    options.results = options.embedded.empty() ? "build/bench/results/latest.json"
                                               : "build/bench/results/embedded.json";
  }
  raise_file_limit();
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  return run(options);
}
