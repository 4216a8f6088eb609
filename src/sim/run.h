#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/sites.h"
#include "sim/world.h"

namespace holdfast::sim {

/// What one run came to.
struct Verdict {
  std::uint64_t seed = 0;
  std::vector<std::string> violations;  ///< `<rule>: <what was found>`; none: it held
  std::uint64_t trace = 0;              ///< of all that ran; equal for equal choices
  std::uint64_t steps = 0;
  Milliseconds simulated{0};
  std::vector<FiredFault> faults;
  History history;
  std::string rates;
  Instant start;

  [[nodiscard]] bool held() const { return violations.empty(); }
};

/// Runs one world to its end and judges it. `sites`, where given, gains what was passed.
Verdict run_once(const Choice& choice, Sites* sites = nullptr);

/// The seed of the world that this thread runs, or ran last.
std::uint64_t seed_under_way();

/// The rules that a verdict broke, without what was found: `I2`, `ends`, …
std::set<std::string> broken_rules(const Verdict& verdict);

/// What happened, told by time: what clients sent and were told, and which faults were let happen.
std::string timeline(const Verdict& verdict);

}  // namespace holdfast::sim
