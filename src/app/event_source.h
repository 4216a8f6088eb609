#pragma once

#include <string>

#include "app/config.h"

namespace holdfast::app {

/// `source` of the events that this installation publishes.
inline std::string event_source(const Config& config) {
  return "/holdfast/" + config.name_space;
}

}  // namespace holdfast::app
