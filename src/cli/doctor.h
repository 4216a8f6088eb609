#pragma once

#include <string>
#include <vector>

#include "app/config.h"

// The probes of `holdfast doctor`, one file per server. Each connects, asks, and disconnects,
// within the configured timeouts; none changes anything.

namespace holdfast::cli {

enum class Verdict { ok, warn, fail, unreachable };

struct Finding {
  Verdict verdict;
  std::string what;       // what was found
  std::string mend = "";  // what to do about it; empty when ok
};
using Findings = std::vector<Finding>;

Findings probe_redis(const app::Config& config);
Findings probe_rabbitmq(const app::Config& config);
Findings probe_management(const app::Config& config);
Findings probe_postgres(const app::Config& config);
Findings probe_steps(const app::Config& config);
Findings probe_listen(const app::Config& config);

// "7.0.15" is at least 7.0; texts that begin with no number are not.
bool version_at_least(const std::string& version, int major, int minor);

}  // namespace holdfast::cli
