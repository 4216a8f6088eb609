#pragma once

#include <string>

#include "sim/sites.h"

namespace holdfast::sim {

/// A line for each place where a flow calls a port: file and line, the call, how often it was
/// passed, and how often a process died there before and after the effect. Needs `addr2line`, and
/// symbols in this program.
std::string points_table(const Sites& sites);

}  // namespace holdfast::sim
