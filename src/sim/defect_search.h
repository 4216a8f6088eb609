#pragma once

#include <cstdint>
#include <string>

namespace holdfast::sim {

/// Turns a seeded defect on in this process. False: there is no such defect, or this build has
/// none.
bool turn_on_defect(const std::string& name);

/// Turns each seeded defect on in a process of its own and counts the seeds until it is found.
/// Prints a line for each. Returns the exit code.
int find_defects(std::uint64_t within);

}  // namespace holdfast::sim
