#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "bench/options.h"
#include "bench/process.h"

namespace holdfast::bench {

// The configuration that Holdfast is started with.
struct Launch {
  std::string config;                    // the file; empty: none
  std::vector<std::string> environment;  // "NAME=value": laid over the file
};

// Starts Holdfast; answers when it is ready. On the servers its book is brought up to date before;
// without them, where the options name a folder, it has empty data there. Refuses when somebody
// listens there already: the measurement would be of another program.
Result<ChildProcess> start_holdfast(const Options& options, const Launch& launch,
                                    const load::Endpoint& endpoint, const std::string& log_dir,
                                    const std::atomic<bool>& interrupted);

// Starts another server; answers when a GET of `path` does, with 200.
Result<ChildProcess> start_server(const std::vector<std::string>& command,
                                  const load::Endpoint& endpoint, const std::string& path,
                                  const std::string& log, const std::atomic<bool>& interrupted);

// A port on the loopback address where nobody listens at the moment.
Result<load::Endpoint> free_endpoint();

// What `holdfast --version` prints, for the record; empty when it does not.
std::string holdfast_version(const Options& options, const std::string& log_dir,
                             const std::atomic<bool>& interrupted);

}  // namespace holdfast::bench
