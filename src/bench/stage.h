#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>

#include "bench/bench.h"
#include "bench/book.h"
#include "bench/counter.h"
#include "bench/failure.h"
#include "bench/options.h"
#include "bench/workloads.h"
#include "load/driver.h"

namespace holdfast::bench {

// Which answers a phase counts on. Any other is a failure: a rate of those would say nothing.
struct Expected {
  std::set<int> statuses;
  bool may_be_unsent = false;  // open loop: more may be due than there are connections for
};

// Of orders and refunds that may be refused when too many are waiting already.
inline const std::set<int> kAcceptedOrRefused{202, 429, 503};

double ms_of(std::chrono::nanoseconds time);
double per_second(std::uint64_t count, load::Clock::time_point from, load::Clock::time_point to);

// Orders that were accepted and then completed, every one of them.
struct CompletedLoad {
  load::RunResult load;
  std::uint64_t accepted = 0;
  double completed_per_s = 0;

  double accepted_per_second() const {
    return per_second(accepted, load.first_sent, load.last_answered);
  }
  // For people: how many were refused; empty when none was.
  std::string refusals() const;
};

// What the phases share: the Holdfast that is up, the load generator, the count of what has come
// to its end, and names that are new in each run. Holds, and owns nothing; one thread.
class Stage {
 public:
  // All of them outlive the stage.
  Stage(const Options& options, const load::Endpoint& endpoint, const Watcher& watcher,
        Counter& counter);

  const Options& options() const { return options_; }
  const load::Endpoint& endpoint() const { return endpoint_; }
  Counter& counter() { return counter_; }
  const std::atomic<bool>& interrupted() const { return watcher_.interrupted; }

  // Orders over the benchmark's SKUs, by users of their own. `phase` is in the users' names: short,
  // and new in each call.
  Orders::Shape shape(const std::string& phase) const;
  std::string sku_prefix(const std::string& kind) const { return kind + "-" + run_ + "-"; }
  Result<void> bring_stock_in(const std::string& prefix, std::size_t skus, std::int64_t units,
                              const std::string& phase);

  // A closed loop of all connections for so long; with progress shown.
  load::RunOptions bounds(const std::string& phase, std::chrono::milliseconds time) const;
  Result<load::RunResult> drive(load::Workload& workload, const load::RunOptions& run,
                                const Expected& expected, const std::string& phase) const;
  // The same at another server.
  static Result<load::RunResult> drive_at(const load::Endpoint& endpoint, load::Workload& workload,
                                          const load::RunOptions& run, const Expected& expected,
                                          const std::string& phase);
  // Waits until all that was accepted since the counter was started has come to its end.
  Result<Drained> drain(std::uint64_t accepted, const std::string& phase,
                        Result<std::uint64_t> (Counter::*count)());
  // drive(), and drain() of the completed orders. Fails when one was lost. Some may be refused:
  // that is how Holdfast keeps what is accepted and what is completed together.
  Result<CompletedLoad> complete(Orders& orders, const load::RunOptions& run,
                                 const std::string& phase,
                                 const Expected& expected = {kAcceptedOrRefused});

  void show(const std::string& phase, const std::string& what) const;
  void done(const std::string& phase, const std::string& what) const;

 private:
  const Options& options_;
  const load::Endpoint& endpoint_;
  const Watcher& watcher_;
  Counter& counter_;
  std::string run_;
};

}  // namespace holdfast::bench
