#include "sim/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "sim/campaign.h"

namespace holdfast::sim {
namespace {

/// Runs on the thread whose world crashed: says its seed with what a handler may call.
void on_crash(int) {
  constexpr std::string_view kWords = "\ncrashed in the world of --seed ";
  char text[64];
  std::size_t length = kWords.copy(text, kWords.size());
  char digits[24];
  std::size_t count = 0;
  for (auto rest = seed_under_way(); count == 0 || rest > 0; rest /= 10) {
    digits[count++] = static_cast<char>('0' + rest % 10);
  }
  while (count > 0) text[length++] = digits[--count];
  text[length++] = '\n';
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text, length);
  _exit(kCrashed);
}

}  // namespace

void print_failure(const Verdict& verdict) {
  fmt::print("\nseed {} breaks a rule\n", verdict.seed);
  for (const auto& violation : verdict.violations) fmt::print("  {}\n", violation);
  fmt::print("  faults of this seed: {}; {} happened\n", verdict.rates, verdict.faults.size());
  fmt::print("  again: holdfast-sim --seed {}      least scenario: --shrink\n", verdict.seed);
  std::fflush(stdout);
}

void print_run(const Verdict& verdict) {
  std::fputs(timeline(verdict).c_str(), stdout);
  fmt::print("seed {}: {} tasks, {} simulated seconds, trace {:016x}\n", verdict.seed,
             verdict.steps, verdict.simulated.count() / 1'000, verdict.trace);
  if (verdict.held()) {
    fmt::print("every rule held\n");
  } else {
    print_failure(verdict);
  }
}

int exit_code_of(const Verdict& verdict) {
  if (verdict.held()) return kHeld;
  return broken_rules(verdict) == std::set<std::string>{"ends"} ? kNeverEnded : kBroken;
}

void tell_of_crashes() {
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal, on_crash);
  }
}

}  // namespace holdfast::sim
