#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "bench/failure.h"
#include "bench/options.h"
#include "bench/proc_files.h"

namespace holdfast::bench {

// What one order costs each server when it is driven alone, with the scripts, the messages and the
// SQL that Holdfast uses, as many orders at a time as it gathers under load.
struct Limit {
  std::map<std::string, double> cpu_us_per_order;  // of the server's process
  // With all cores given to nothing else: cores / the sum of the above.
  double per_s = 0;
};

// Drives Redis, RabbitMQ and PostgreSQL one after the other, `time` each, under names of its own.
// `on_server` is told which is next. Holdfast is idle meanwhile.
Result<Limit> measure_limit(const Options& options, const Processes& processes,
                            std::chrono::milliseconds time,
                            const std::function<void(const std::string&)>& on_server);

}  // namespace holdfast::bench
