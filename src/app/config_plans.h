#pragma once

#include <vector>

#include "app/config.h"
#include "domain/plan.h"

namespace holdfast::app {

// The configured plans as the domain knows them, in the order of the configuration, each with the
// version that follows from its steps. Precondition: the configuration is valid.
std::vector<Plan> plans_from(const Config& config);

}  // namespace holdfast::app
