#pragma once

#include <string>

#include "sim/sites.h"

namespace holdfast::sim {

/// The places in the flows where a process may die, and where one did.
struct CrashPoints {
  std::string text;      ///< a line for each, their number, and those that were not reached
  bool are_all = false;  ///< reached, and none was left out
};

/// Compares where processes died with every call of a port in the source of the flows. A call is
/// reached when one died before and one after its effect, a wait when one died meanwhile. Needs
/// `addr2line`, the symbols of this program and the source that it was built from.
CrashPoints crash_points(const Sites& sites);

}  // namespace holdfast::sim
