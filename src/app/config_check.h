#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/config.h"

namespace holdfast::app {

// Where a thing of the configuration was written: "plans.default.steps[2]" -> "holdfast.toml:31".
// What stands nowhere (a default) is not in it.
using Places = std::map<std::string, std::string>;

// The names under which plans, steps and keys stand in Places, counted from 0. The keys of a step
// stand under its name and their own: step_place(...) + ".after", and ".after[0]".
std::string plan_place(const std::string& plan);
std::string step_place(const std::string& plan, std::size_t index);
std::string key_place(std::size_t index);

// The rules that span several keys. Faults in the order of the file's sections.
std::vector<ConfigFault> check_rules(const Config& config, const Places& places);

// What is odd but not wrong, each with its place, for people to read.
std::vector<std::string> find_oddities(const Config& config, const Places& places);

// The rules of one plan: its names, its kinds, and that its steps can follow one another.
std::vector<ConfigFault> check_plan(const PlanConfig& plan, const Places& places);

}  // namespace holdfast::app
