#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "domain/defects.h"
#include "sim/points.h"
#include "sim/run.h"
#include "sim/shrink.h"

// holdfast-sim: runs the production flows in simulated worlds and looks for one that breaks a rule.

namespace holdfast::sim {
namespace {

constexpr int kHeld = 0;
constexpr int kBroken = 1;
constexpr int kWrongUse = 2;

struct Arguments {
  std::optional<std::uint64_t> seed;
  std::uint64_t seeds = 0;
  std::uint64_t from = 1;
  unsigned jobs = 1;
  std::size_t budget = 2'000;
  std::string scenario;
  std::string write_to;
  std::string defect;
  std::uint64_t defects_within = 0;
  bool shrink = false;
  bool points = false;
  bool quiet = false;
  bool verbose = false;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void print_failure(const Verdict& verdict) {
  std::printf("\nseed %llu breaks a rule\n", static_cast<unsigned long long>(verdict.seed));
  for (const auto& violation : verdict.violations) std::printf("  %s\n", violation.c_str());
  std::printf("  faults of this seed: %s; %zu happened\n", verdict.rates.c_str(),
              verdict.faults.size());
  std::printf("  again: holdfast-sim --seed %llu      least scenario: --shrink\n",
              static_cast<unsigned long long>(verdict.seed));
}

void print_run(const Verdict& verdict) {
  std::fputs(timeline(verdict).c_str(), stdout);
  std::printf("seed %llu: %llu tasks, %.0f simulated seconds, trace %016llx\n",
              static_cast<unsigned long long>(verdict.seed),
              static_cast<unsigned long long>(verdict.steps),
              static_cast<double>(verdict.simulated.count()) / 1'000,
              static_cast<unsigned long long>(verdict.trace));
  if (verdict.held()) {
    std::printf("every rule held\n");
  } else {
    print_failure(verdict);
  }
}

int run_one(const Arguments& arguments, Choice choice) {
  Verdict verdict = run_once(choice);
  if (arguments.shrink && !verdict.held()) {
    const auto tell = [](const std::string& step) {
      std::fprintf(stderr, "shrinking: %s\n", step.c_str());
    };
    verdict = shrink(verdict, choice, arguments.budget, tell);
    const std::string scenario = as_scenario(choice, verdict);
    if (arguments.write_to.empty()) {
      std::printf("%s\n", scenario.c_str());
    } else {
      std::ofstream(arguments.write_to) << scenario;
    }
  }
  print_run(verdict);
  return verdict.held() ? kHeld : kBroken;
}

/// Many seeds, on some threads; each world is a thread's own.
class Campaign {
 public:
  explicit Campaign(const Arguments& arguments) : arguments_(arguments), next_(arguments.from) {}

  int run() {
    start_ = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < arguments_.jobs; ++i) threads.emplace_back([this] { work(); });
    for (auto& thread : threads) thread.join();
    const double took = seconds_since(start_);
    std::printf("%llu seeds in %.1f s: %.0f simulated hours, %.1f million tasks\n",
                static_cast<unsigned long long>(done_), took,
                static_cast<double>(simulated_.count()) / 3'600'000,
                static_cast<double>(steps_) / 1e6);
    if (arguments_.points) std::fputs(points_table(sites_).c_str(), stdout);
    std::printf("%llu passed, %zu failed\n",
                static_cast<unsigned long long>(done_ - failed_.size()), failed_.size());
    return failed_.empty() ? kHeld : kBroken;
  }

 private:
  void work() {
    for (;;) {
      const std::uint64_t seed = next_++;
      if (seed >= arguments_.from + arguments_.seeds || stop_) return;
      Sites sites;
      Choice choice;
      choice.seed = seed;
      const Verdict verdict = run_once(choice, arguments_.points ? &sites : nullptr);
      record(verdict, sites);
    }
  }

  void record(const Verdict& verdict, const Sites& sites) {
    constexpr std::uint64_t kTellEvery = 500;
    constexpr std::size_t kFailuresShown = 5;
    const std::lock_guard lock(mutex_);
    ++done_;
    simulated_ += verdict.simulated;
    steps_ += verdict.steps;
    sites_.add(sites);
    if (!verdict.held()) {
      failed_.push_back(verdict.seed);
      print_failure(verdict);
      if (failed_.size() >= kFailuresShown) stop_ = true;
    }
    if (!arguments_.quiet && done_ % kTellEvery == 0) {
      std::fprintf(stderr, "%llu of %llu seeds, %.0f s\n", static_cast<unsigned long long>(done_),
                   static_cast<unsigned long long>(arguments_.seeds), seconds_since(start_));
    }
  }

  const Arguments& arguments_;
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // guards what follows
  std::uint64_t done_ = 0;
  std::uint64_t steps_ = 0;
  Milliseconds simulated_{0};
  std::vector<std::uint64_t> failed_;
  Sites sites_;
  std::chrono::steady_clock::time_point start_;
};

/// How the search for one defect stands, where the process that searches and its parent see it.
struct Search {
  std::uint64_t seed = 0;
  std::array<char, 256> found{};  ///< the rules that were broken
};

void search(defects::Defect defect, std::uint64_t within, Search& search) {
  defects::turn_on(defect);
  while (search.seed < within) {
    Choice choice;
    choice.seed = ++search.seed;
    std::string rules;
    for (const auto& rule : broken_rules(run_once(choice))) {
      rules += (rules.empty() ? "" : ", ") + rule;
    }
    if (rules.empty()) continue;
    rules.copy(search.found.data(), search.found.size() - 1);
    return;
  }
}

/// Searches in a process of its own: a defect may also break an assertion, which ends it.
Search search_apart(defects::Defect defect, std::uint64_t within) {
  void* const shared =
      mmap(nullptr, sizeof(Search), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::runtime_error("no memory to share");
  auto* const seen = new (shared) Search;
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process for the search");
  if (child == 0) {
    std::freopen("/dev/null", "w", stderr);
    search(defect, within, *seen);
    std::_Exit(kHeld);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Search result = *seen;
  munmap(shared, sizeof(Search));
  if (WIFSIGNALED(status)) std::string_view("an assertion").copy(result.found.data(), 255);
  return result;
}

/// Turns each seeded defect on and counts the seeds until it is found.
int find_defects(std::uint64_t within) {
  std::size_t found = 0;
  const auto names = defects::names();
  std::printf("| defect | found by | after seeds |\n|---|---|---|\n");
  for (const auto name : names) {
    std::fflush(stdout);
    const Search result = search_apart(*defects::parse(name), within);
    const bool is_found = result.found[0] != '\0';
    if (is_found) ++found;
    std::printf("| `%s` | %s | %llu |\n", std::string(name).c_str(),
                is_found ? result.found.data() : "nothing",
                static_cast<unsigned long long>(result.seed));
  }
  std::printf("%zu passed, %zu failed\n", found, names.size() - found);
  return found == names.size() ? kHeld : kBroken;
}

/// False: there is no such defect, or this build has none.
bool turn_on(const std::string& name) {
#if defined(HOLDFAST_DEFECTS)
  const auto defect = defects::parse(name);
  if (defect) defects::turn_on(*defect);
  return defect.has_value();
#else
  return name.empty();
#endif
}

Choice choice_of(const Arguments& arguments) {
  if (arguments.scenario.empty()) {
    Choice choice;
    choice.seed = arguments.seed.value_or(1);
    return choice;
  }
  std::ifstream file(arguments.scenario);
  if (!file) throw std::runtime_error(arguments.scenario + " cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return read_scenario(text.str());
}

int main(int count, char** words) {
  Arguments arguments;
  CLI::App app{
      "Runs Holdfast's flows in simulated worlds, under faults, and judges what became of "
      "every order and refund"};
  app.add_option("--seed", arguments.seed, "Run the world of one seed and tell what happened");
  app.add_option("--seeds", arguments.seeds, "Run the worlds of this many seeds");
  app.add_option("--from", arguments.from, "The first of --seeds")->capture_default_str();
  app.add_option("--jobs", arguments.jobs, "Worlds at a time, each on a thread of its own")
      ->capture_default_str();
  app.add_option("--scenario", arguments.scenario, "Run a scenario that --shrink has written");
  app.add_flag("--shrink", arguments.shrink,
               "With --seed or --scenario: find the least of its faults and operations that fails");
  app.add_option("--budget", arguments.budget, "Worlds that --shrink may try")
      ->capture_default_str();
  app.add_option("--write", arguments.write_to, "Where --shrink writes the scenario");
  app.add_flag("--points", arguments.points,
               "With --seeds: list where flows were suspended, and where processes died");
  app.add_option("--defect", arguments.defect, "Turn a seeded defect on (a build for that)");
  app.add_option("--defects", arguments.defects_within,
                 "Turn each seeded defect on and look for it within this many seeds");
  app.add_flag("--quiet", arguments.quiet, "With --seeds: no progress");
  app.add_flag("--verbose", arguments.verbose, "Let the flows log");
  app.footer(R"(
Examples:
  holdfast-sim --seeds 2000 --jobs 2
  holdfast-sim --seed 42
  holdfast-sim --seed 42 --shrink --write tests/sim/a-name.scenario
  holdfast-sim --scenario tests/sim/a-name.scenario
  holdfast-sim --defects 2000              does it find what was put in on purpose?

Exit code: 0 every rule held, 1 one was broken, 2 wrong use.)");
  try {
    app.parse(count, words);
    spdlog::set_level(arguments.verbose ? spdlog::level::debug : spdlog::level::off);
    if (!arguments.defect.empty() && !turn_on(arguments.defect)) {
      throw CLI::ValidationError("no such defect in this build: " + arguments.defect);
    }
    if (arguments.defects_within > 0) return find_defects(arguments.defects_within);
    if (arguments.seeds > 0) return Campaign(arguments).run();
    if (!arguments.seed && arguments.scenario.empty()) {
      throw CLI::ValidationError("one of --seed, --seeds and --scenario is needed");
    }
    return run_one(arguments, choice_of(arguments));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kHeld : kWrongUse;
  } catch (const std::runtime_error& error) {
    std::cerr << "holdfast-sim: " << error.what() << "\n";
    return kWrongUse;
  }
}

}  // namespace
}  // namespace holdfast::sim

int main(int count, char** words) {
  return holdfast::sim::main(count, words);
}
