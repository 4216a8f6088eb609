#pragma once

#include <string>
#include <vector>

#include "domain/plan.h"
#include "domain/progress.h"

// How Holdfast is configured in a run: as in production, with shorter times, so that a refund that
// waits, an order past its deadline and a journal that forgets are met within a simulated hour.

namespace holdfast::sim::settings {

inline constexpr Milliseconds kRetention{3'600'000};
inline constexpr Milliseconds kRetryFirst{500};
inline constexpr Milliseconds kRetryMax{4'000};
inline constexpr Milliseconds kSweepEvery{2'000};
inline constexpr std::size_t kBatchMax = 8;

StepPolicy policy();
/// `default`, and plans with remote steps of every kind.
std::vector<Plan> plans();

}  // namespace holdfast::sim::settings
