#pragma once

#include "sim/run.h"

namespace holdfast::sim {

/// Prints a run that broke a rule, and how to see it again.
void print_failure(const Verdict& verdict);
/// Prints the timeline of a run, its sums and how it ended.
void print_run(const Verdict& verdict);
/// kHeld, kBroken, or kNeverEnded where that is all that was wrong.
int exit_code_of(const Verdict& verdict);
/// Says which seeds were under way, and ends with kCrashed, where this program aborts or worse.
void tell_of_crashes();

}  // namespace holdfast::sim
