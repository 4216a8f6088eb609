#pragma once

#include <boost/json.hpp>
#include <string>

#include "app/config.h"

// What the printers of the configuration have in common. The printers themselves are in config.h.

namespace holdfast::app {

// `text` as comment lines that end before the hundredth column.
std::string as_comment(const std::string& text);

// A value as Property::shown and StepKey::shown write it, as JSON.
boost::json::value as_json(const std::string& shown);

std::string plans_as_toml(const Config& config);
boost::json::object plans_as_json(const Config& config);

}  // namespace holdfast::app
