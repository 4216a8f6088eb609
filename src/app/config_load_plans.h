#pragma once

#include "app/config.h"
#include "app/config_toml.h"

namespace holdfast::app {

// Lays the section [plans] over `config`. What is wrong with it, and where each step and key
// stands, goes to `report`; the rules that span several steps are check_rules'.
void read_plans(const toml::table& plans, Config& config, FileReport& report);

}  // namespace holdfast::app
