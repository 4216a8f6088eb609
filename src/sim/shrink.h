#pragma once

#include <functional>
#include <string>

#include "sim/run.h"

namespace holdfast::sim {

/// The least choice found that still breaks a rule which `failed` broke: faults and operations are
/// left away, half of them at a time, then fewer, as long as the failure stays. `tell` hears of
/// each step forward. Runs at most `budget` worlds.
Verdict shrink(const Verdict& failed, Choice& choice, std::size_t budget,
               const std::function<void(const std::string&)>& tell);

/// A scenario as a file: the seed, and which of its faults and operations there are.
std::string as_scenario(const Choice& choice, const Verdict& verdict);
/// Throws std::runtime_error with the line that is not understood.
Choice read_scenario(const std::string& text);

}  // namespace holdfast::sim
