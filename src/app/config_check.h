#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/config.h"

namespace holdfast::app {

// Where a thing of the configuration was written: "plans.default.steps[2]" -> "holdfast.toml:31".
// What stands nowhere (a default) is not in it.
using Places = std::map<std::string, std::string>;

// The names under which steps and keys stand in Places, counted from 0.
std::string step_place(const std::string& plan, std::size_t index);
std::string key_place(std::size_t index);

// The rules that span several keys. Faults in the order of the file's sections.
std::vector<ConfigFault> check_rules(const Config& config, const Places& places);

}  // namespace holdfast::app
