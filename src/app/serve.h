#pragma once

#include <string>

#include "app/config.h"

namespace holdfast::app {

// The parts of Holdfast that this process plays. Processes have no state, so any mix of them
// may run, on one machine or on many.
struct ServeOptions {
  bool api = true;     // HTTP and the reservation of stock
  bool worker = true;  // settlement, steps, refunds
  bool sweep = true;   // outbox, holds, deadlines, stock changes that were not applied
};

// Runs until SIGTERM or SIGINT. Returns the exit code: 0 stopped in order, 1 failed,
// 3 a server that is needed to start could not be reached.
int serve(const Config& config, const ServeOptions& options);

// The same with all parts, on one file in `folder` instead of servers.
int serve_embedded(const Config& config, const std::string& folder);

// Brings the book's schema up to date, under a lock. Exit code as serve.
int migrate(const Config& config);

}  // namespace holdfast::app
