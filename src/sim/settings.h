#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/plan.h"
#include "domain/progress.h"
#include "flows/admission.h"
#include "flows/ledger_guard.h"

// How Holdfast is configured in a run: as in production, with shorter times, so that a refund that
// waits, an order past its deadline and a journal that forgets are met within a simulated hour.

namespace holdfast::sim::settings {

inline constexpr const char* kEventSource = "/holdfast/simulated";
inline constexpr Milliseconds kRetryFirst{500};
inline constexpr Milliseconds kRetryMax{4'000};
inline constexpr std::size_t kBatchMax = 8;

/// What differs from seed to seed.
struct Tuning {
  Milliseconds retention{3'600'000};  ///< of journal entries that are settled
  bool tells_events = false;
  flows::AckPolicy ack = flows::AckPolicy::queued;
  std::uint32_t breaker_after = 10;
  std::uint32_t attempts = 8;  ///< of what the book refuses, before it is parked
  flows::GuardIntervals guard;
  Milliseconds events_every{200};
  Milliseconds sweep_every{2'000};
  bool changes_plans = false;  ///< with what a process is started with after its first death
};

Tuning tuning_of(std::uint64_t seed);
StepPolicy policy();
/// `default`, and plans with remote steps of every kind.
/// `changed`: as a later configuration has them, so that orders are under way whose plans are not
/// configured any more.
std::vector<Plan> plans(bool changed);

}  // namespace holdfast::sim::settings
