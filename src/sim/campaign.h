#pragma once

#include <cstdint>

namespace holdfast::sim {

// What this program ends with. Of several the greatest comes first, a crash excepted: that ends it.
inline constexpr int kHeld = 0;
inline constexpr int kUnmet = 1;  ///< a seeded defect not found, a crash point not reached
inline constexpr int kWrongUse = 2;
inline constexpr int kCrashed = 127;
inline constexpr int kNeverEnded = 128;
inline constexpr int kBroken = 129;

struct CampaignOptions {
  std::uint64_t first = 1;
  std::uint64_t seeds = 0;
  unsigned jobs = 1;
  bool lists_crash_points = false;
  bool is_quiet = false;
};

/// Runs the worlds of many seeds, each on a thread of its own while it lasts, tells of those that
/// break a rule and ends with a line of totals. Returns the exit code.
int run_campaign(const CampaignOptions& options);

}  // namespace holdfast::sim
