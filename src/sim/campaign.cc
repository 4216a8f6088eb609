#include "sim/campaign.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include "sim/points.h"
#include "sim/report.h"
#include "sim/run.h"

namespace holdfast::sim {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr Seconds kTellEvery{2};
constexpr std::size_t kFailuresShown = 20;

class Campaign {
 public:
  explicit Campaign(const CampaignOptions& options) : options_(options), next_(options.first) {}

  int run() {
    start_ = told_ = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < options_.jobs; ++i) threads.emplace_back([this] { work(); });
    for (auto& thread : threads) thread.join();
    int code = code_;
    if (options_.lists_crash_points) {
      const auto points = crash_points(sites_);
      std::fputs(points.text.c_str(), stdout);
      if (code == kHeld && !points.are_all) code = kUnmet;
    }
    print_totals();
    return code;
  }

 private:
  void work() {
    for (;;) {
      const std::uint64_t seed = next_++;
      if (seed >= options_.first + options_.seeds || stop_) return;
      Sites sites;
      Choice choice;
      choice.seed = seed;
      const Verdict verdict = run_once(choice, options_.lists_crash_points ? &sites : nullptr);
      record(verdict, sites);
    }
  }

  void record(const Verdict& verdict, const Sites& sites) {
    const std::lock_guard lock(mutex_);
    ++done_;
    simulated_ += verdict.simulated;
    tasks_ += verdict.steps;
    operations_ += verdict.history.sendings.size();
    faults_ += verdict.faults.size();
    sites_.add(sites);
    if (!verdict.held()) {
      ++failed_;
      violations_ += verdict.violations.size();
      code_ = std::max(code_, exit_code_of(verdict));
      clear_progress();
      print_failure(verdict);
      if (failed_ >= kFailuresShown) stop_ = true;
    }
    tell_progress();
  }

  /// How far it is, on a line of its own that the next one replaces where somebody looks at it.
  void tell_progress() {
    const auto now = std::chrono::steady_clock::now();
    if (options_.is_quiet || now - told_ < kTellEvery) return;
    told_ = now;
    const double took = Seconds(now - start_).count();
    const double speed = static_cast<double>(done_) / took;
    const double left = static_cast<double>(options_.seeds - done_) / speed;
    fmt::print(stderr, "{}{} of {} seeds, {:.0f} a second, {:.0f} s left, {} failed{}",
               is_watched_ ? "\r" : "", done_, options_.seeds, speed, left, failed_,
               is_watched_ ? "\x1b[K" : "\n");
    std::fflush(stderr);
  }
  void clear_progress() const {
    if (!options_.is_quiet && is_watched_) std::fputs("\r\x1b[K", stderr);
  }

  void print_totals() const {
    clear_progress();
    const double took = Seconds(std::chrono::steady_clock::now() - start_).count();
    fmt::print("{} passed, {} failed\n", done_ - failed_, failed_);
    fmt::print(
        "{} seeds, {} operations, {} faults, {:.1f} simulated hours in {:.1f} s of wall time, "
        "{:.1f} million tasks, {} violations\n",
        done_, operations_, faults_, static_cast<double>(simulated_.count()) / 3'600'000, took,
        static_cast<double>(tasks_) / 1e6, violations_);
  }

  const CampaignOptions& options_;
  const bool is_watched_ = isatty(STDERR_FILENO) == 1;
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // guards what follows
  std::uint64_t done_ = 0;
  std::uint64_t tasks_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t faults_ = 0;
  std::uint64_t violations_ = 0;
  Milliseconds simulated_{0};
  std::size_t failed_ = 0;
  int code_ = kHeld;
  Sites sites_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point told_;
};

}  // namespace

int run_campaign(const CampaignOptions& options) {
  return Campaign(options).run();
}

}  // namespace holdfast::sim
