#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include "sim/campaign.h"
#include "sim/defect_search.h"
#include "sim/report.h"
#include "sim/run.h"
#include "sim/shrink.h"

// holdfast-sim: runs the production flows in simulated worlds and looks for one that breaks a rule.

namespace holdfast::sim {
namespace {

struct Arguments {
  std::optional<std::uint64_t> seed;
  CampaignOptions campaign;
  std::size_t budget = 2'000;
  std::string scenario;
  std::string write_to;
  std::string defect;
  std::uint64_t defects_within = 0;
  bool shrink = false;
  bool verbose = false;
};

constexpr const char* kFooter = R"(
A world has one to three processes of Holdfast, a ledger, a book, a broker, a payment provider, a
worker, clients and an operator, on one thread in virtual time. Its seed chooses what runs next and
what goes wrong: lost, late and doubled messages, servers that are away or come back with older
data, processes that die at any call. The same seed does the same again, task for task.

Examples:
  holdfast-sim --seeds 2000 --jobs 2       does any of 2,000 worlds break a rule?
  holdfast-sim --seeds 500 --first-seed 2001
  holdfast-sim --seed 42                   what happened in world 42, by time
  holdfast-sim --seed 42 --shrink --write tests/sim/a-name.scenario
                                           the least of its faults and operations that fails
  holdfast-sim --scenario tests/sim/a-name.scenario
  holdfast-sim --seeds 20000 --list-crash-points
                                           where processes died, and where none ever did
  holdfast-sim --defects 1000              does it find what was put in on purpose?

How to read a failure: `I2: sku-1 has 28 in the book, 27 on sale` names the rule (docs/simulation.md
lists them). --seed tells it as a timeline: FAULT is what went wrong and where, `asked` and `told`
are what clients sent and heard. --shrink leaves away what is not needed for it.

Exit code: 0 every rule held; 129 one was broken; 128 a world never came to rest; 127 a crash, its
seed is told; 1 a crash point was not reached or a defect not found; 2 wrong use.)";

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
  return exit_code_of(verdict);
}

Choice choice_of(const Arguments& arguments) {
  if (arguments.scenario.empty()) {
    Choice choice;
    choice.seed = *arguments.seed;
    return choice;
  }
  std::ifstream file(arguments.scenario);
  if (!file) throw std::runtime_error(arguments.scenario + " cannot be read");
  std::ostringstream text;
  text << file.rdbuf();
  return read_scenario(text.str());
}

void add_options(CLI::App& app, Arguments& arguments) {
  auto& campaign = arguments.campaign;
  app.add_option("--seeds", campaign.seeds, "Run the worlds of this many seeds");
  app.add_option("--first-seed", campaign.first, "The first of --seeds")->capture_default_str();
  app.add_option("--jobs", campaign.jobs, "Worlds at a time, each on a thread of its own")
      ->capture_default_str();
  app.add_flag("--list-crash-points", campaign.lists_crash_points,
               "With --seeds: list every place in the flows where a process may die, and how often "
               "one did");
  app.add_flag("--quiet", campaign.is_quiet, "With --seeds: no progress");
  app.add_option("--seed", arguments.seed, "Run the world of one seed and tell what happened");
  app.add_option("--scenario", arguments.scenario, "Run a scenario that --shrink has written");
  app.add_flag("--shrink", arguments.shrink,
               "With --seed or --scenario: find the least of its faults and operations that fails");
  app.add_option("--budget", arguments.budget, "Worlds that --shrink may try")
      ->capture_default_str();
  app.add_option("--write", arguments.write_to, "Where --shrink writes the scenario");
  app.add_option("--defect", arguments.defect, "Turn a seeded defect on (a build for that)");
  app.add_option("--defects", arguments.defects_within,
                 "Turn each seeded defect on and look for it within this many seeds");
  app.add_flag("--verbose", arguments.verbose, "Let the flows log");
  app.footer(kFooter);
}

int run(const Arguments& arguments) {
  tell_of_crashes();
  spdlog::set_level(arguments.verbose ? spdlog::level::debug : spdlog::level::off);
  if (!arguments.defect.empty() && !turn_on_defect(arguments.defect)) {
    throw CLI::ValidationError("no such defect in this build: " + arguments.defect);
  }
  if (arguments.defects_within > 0) return find_defects(arguments.defects_within);
  if (arguments.campaign.seeds > 0) return run_campaign(arguments.campaign);
  if (!arguments.seed && arguments.scenario.empty()) {
    throw CLI::ValidationError("one of --seed, --seeds and --scenario is needed; see --help");
  }
  return run_one(arguments, choice_of(arguments));
}

int main(int count, char** words) {
  Arguments arguments;
  CLI::App app{
      "Runs Holdfast's flows in simulated worlds, under faults, and judges what became of "
      "every order and refund"};
  add_options(app, arguments);
  try {
    app.parse(count, words);
    return run(arguments);
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
