#pragma once

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "adapters/step_http/options.h"
#include "adapters/step_http/transfer.h"
#include "ports/clock.h"
#include "ports/step_gateway.h"

namespace holdfast::step_http {

/// A call as it crosses to the thread.
struct QueuedCall {
  std::uint64_t id = 0;
  StepCall call;
  Instant asked_at{};                                ///< by the shop's clock
  std::chrono::steady_clock::time_point asked_on{};  ///< and by this machine's
};

/// The end of one call.
struct Outcome {
  std::uint64_t id = 0;
  StepAnswer answer;
};

/// Makes HTTP calls. Owns a thread and, on it, a libcurl multi handle with its connections. Lives
/// from construction to `stop`; both and `call` come from the loop.
class Caller {
 public:
  /// Called on the thread with all outcomes of one turn.
  using Sink = std::function<void(std::vector<Outcome>)>;

  Caller(StepHttpOptions options, Sink sink);
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  void call(QueuedCall queued);
  /// Ends the thread; calls that have no outcome by then get none.
  void stop();

 private:
  struct CleanupMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  /// The calls of one URL.
  struct Endpoint {
    std::size_t running = 0;
    std::size_t limit = 1;  // as the latest call says
    std::deque<QueuedCall> waiting;
  };
  struct Running {
    std::uint64_t id = 0;
    std::string url;
    std::unique_ptr<Transfer> transfer;
  };

  void run();
  void take_calls();
  void begin_waiting(const std::string& url);
  bool begin(QueuedCall queued);
  void collect();
  void flush();
  void end_all();

  const StepHttpOptions options_;
  const Sink sink_;
  const std::unique_ptr<CURLM, CleanupMulti> multi_;

  // Shared with the loop's thread.
  std::mutex mutex_;
  std::vector<QueuedCall> mailbox_;
  std::atomic<bool> stopping_{false};

  // The thread's only.
  std::unordered_map<std::string, Endpoint> endpoints_;
  std::unordered_map<CURL*, Running> running_;
  std::vector<Outcome> outcomes_;

  std::thread thread_;  // last: begins when all the rest is there
};

}  // namespace holdfast::step_http
