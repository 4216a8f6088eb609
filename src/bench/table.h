#pragma once

#include <string>

#include "bench/results.h"

namespace holdfast::bench {

// What was measured, for people. What was not is left out.
std::string to_table(const Results& results);

}  // namespace holdfast::bench
