#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tl/expected.hpp>

#include "load/endpoint.h"
#include "load/histogram.h"
#include "load/response.h"

namespace holdfast::load {

using Clock = std::chrono::steady_clock;

// What a run sends, and what becomes of the answers. Called on the thread of run_load() only, in
// the middle of a measurement: keep both functions short.
class Workload {
 public:
  Workload() = default;
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;
  virtual ~Workload() = default;

  // Appends the bytes of request number `index` (0, 1, 2, …) to `out`, which is empty.
  virtual void write_request(std::uint64_t index, std::string& out) = 0;
  // The views in `response` end with the call.
  virtual void on_answer(std::uint64_t index, const Response& response) = 0;
};

// How far a run has come.
struct Progress {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::chrono::nanoseconds elapsed{0};
};

// Every run is bounded by both, count and time.
struct RunOptions {
  std::size_t connections = 64;
  std::uint64_t max_requests = 0;
  std::chrono::nanoseconds max_time{0};
  // 0: closed loop, each connection sends its next request when the last was answered.
  // Above 0: open loop, requests leave by a timetable and latency counts from their time in it.
  double per_second = 0;
  // Closed loop: a connection that was answered 429 or 503 rests for so long before it goes on, as
  // a client that heeds Retry-After would.
  std::chrono::milliseconds rest_when_refused{0};
  // How long, after the last was sent (or was due), answers are still waited for.
  std::chrono::nanoseconds drain_time = std::chrono::seconds{10};
  // Called about ten times a second when set; false ends the run.
  std::function<bool(const Progress&)> on_tick;
};

struct RunResult {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t broken = 0;      // requests whose connection failed: effect unknown
  std::uint64_t unanswered = 0;  // still open when the drain time was over: effect unknown
  std::uint64_t unsent = 0;      // open loop: due, but no connection was free in time: no effect
  bool stopped = false;          // on_tick said so
  std::string first_error;       // of the first broken one
  std::map<int, std::uint64_t> by_status;
  Histogram latency;
  Histogram success_latency;  // of the answers 2xx alone
  Clock::time_point first_sent{};
  Clock::time_point last_answered{};

  std::uint64_t with_status(int status) const;
  std::uint64_t refused() const;  // 429 or 503
  double seconds() const;         // from the first request to the last answer
  double answered_per_second() const;
};

// Opens all connections, runs `workload` on the calling thread until it is done, closes them. The
// error (no effect: nothing was sent) says why the server could not be reached.
tl::expected<RunResult, std::string> run_load(const Endpoint& endpoint, Workload& workload,
                                              const RunOptions& options);

}  // namespace holdfast::load
