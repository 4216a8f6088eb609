#pragma once

#include <iosfwd>

#include "psp/server.h"

namespace holdfast::psp {

/// Runs the provider until SIGINT or SIGTERM. Tells its address on `out` when it is ready, and a
/// line of totals at the end. False: the address cannot be had; told on `err`.
bool serve(const ServerOptions& options, std::ostream& out, std::ostream& err);

}  // namespace holdfast::psp
