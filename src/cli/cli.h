#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "app/config.h"

namespace holdfast::cli {

// What `holdfast` answers to the shell.
inline constexpr int kFine = 0;
inline constexpr int kFailed = 1;       // the thing asked for failed
inline constexpr int kWrongUse = 2;     // the command line or the configuration is wrong
inline constexpr int kUnreachable = 3;  // a server could not be reached

// The whole program but its process: `arguments` without the program's name, HOLDFAST_* variables
// in `environment`. Returns the exit code.
int run(const std::vector<std::string>& arguments, const app::Environment& environment,
        std::ostream& out, std::ostream& err);

}  // namespace holdfast::cli
