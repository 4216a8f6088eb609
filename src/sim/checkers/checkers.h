#pragma once

#include <string>
#include <vector>

#include "sim/evidence.h"

// One file a rule (design, I1 to I9, and the API's answers). Each judges by what the tables, the
// clients and the provider say, and returns a sentence for everything it finds, `<rule>: <what>`.

namespace holdfast::sim::checkers {

using Findings = std::vector<std::string>;

Findings check_no_oversell(const Evidence& evidence);        // I1
Findings check_conservation(const Evidence& evidence);       // I2
Findings check_one_end(const Evidence& evidence);            // I3
Findings check_effects_once(const Evidence& evidence);       // I4
Findings check_money(const Evidence& evidence);              // I5
Findings check_same_answer(const Evidence& evidence);        // I6
Findings check_refunds_end(const Evidence& evidence);        // I7
Findings check_nothing_left(const Evidence& evidence);       // I8
Findings check_fails_closed(const Evidence& evidence);       // I9
Findings check_limits_and_points(const Evidence& evidence);  // limits, points
Findings check_events(const Evidence& evidence);             // events

/// All of them.
Findings check_all(const Evidence& evidence);

}  // namespace holdfast::sim::checkers
