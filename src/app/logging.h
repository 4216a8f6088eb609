#pragma once

#include "app/config.h"

namespace holdfast::app {

/// Sends the log of this process to standard error. Once.
void set_up_logging(const LogConfig& config);

}  // namespace holdfast::app
