#pragma once

#include <atomic>
#include <string>

#include "bench/options.h"
#include "bench/process.h"

namespace holdfast::bench {

// Brings the book up to date and starts Holdfast; answers when it is ready. Refuses when somebody
// listens there already: the measurement would be of another program.
Result<ChildProcess> start_holdfast(const Options& options, const load::Endpoint& endpoint,
                                    const std::string& log_dir,
                                    const std::atomic<bool>& interrupted);

// Starts Holdfast without servers, on empty data in the folder that the options name.
Result<ChildProcess> start_embedded(const Options& options, const load::Endpoint& endpoint,
                                    const std::string& log_dir,
                                    const std::atomic<bool>& interrupted);

// What `holdfast --version` prints, for the record; empty when it does not.
std::string holdfast_version(const Options& options, const std::string& log_dir,
                             const std::atomic<bool>& interrupted);

}  // namespace holdfast::bench
