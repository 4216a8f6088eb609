#pragma once

#include <cstddef>
#include <string>

#include "domain/money.h"

namespace holdfast::step_http {

struct StepHttpOptions {
  std::string user_agent = "holdfast";  ///< printable ASCII
  Milliseconds connect_timeout{3'000};  ///< name, TCP and TLS; at most the call's own timeout
  std::string ca_file;                  ///< PEM, trusted instead of the system's; empty: those
  std::size_t max_open_calls = 10'000;  ///< under way and waiting; any more are not sent
};

}  // namespace holdfast::step_http
