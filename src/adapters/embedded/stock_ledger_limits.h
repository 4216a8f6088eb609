#pragma once

#include <chrono>
#include <cstdint>

/// Every bound of the embedded ledger that is not a configuration value.
namespace holdfast::embedded::ledger::limits {

/// How long a change id is remembered. A change is repeated within minutes (the sweep does it); a
/// week outlasts any outage after which it could still be.
inline constexpr std::chrono::milliseconds kAppliedRetention = std::chrono::hours{24 * 7};

/// Expired rows that one call deletes, besides as many as it will let expire itself: what is left
/// always grows less, and no call waits long.
inline constexpr std::size_t kExpiredPerCall = 64;

}  // namespace holdfast::embedded::ledger::limits
