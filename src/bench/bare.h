#pragma once

#include <chrono>

#include "bench/failure.h"
#include "bench/options.h"

namespace holdfast::bench {

// What the answer to a buyer waits for at the least: each server's own answer for one order, at the
// rate of the half load. Latency counts from the time in the timetable, in milliseconds.
struct Bare {
  double reserve_p50_ms = 0;  // the reserve script, answered
  double reserve_p99_ms = 0;
  double publish_p50_ms = 0;  // a message with one order, confirmed
  double publish_p99_ms = 0;
};

// Drives Redis, then RabbitMQ, `time` each, under names of its own. Holdfast is idle meanwhile.
Result<Bare> measure_bare(const Options& options, double per_second,
                          std::chrono::milliseconds time);

}  // namespace holdfast::bench
