#pragma once

#include <cstddef>

/// Every bound of the SQLite adapters that is not a configuration value.
namespace holdfast::sqlite::limits {

/// Jobs written in one transaction: a bound on the time for which the others wait.
inline constexpr std::size_t kMaxJobsInGroup = 1'024;

}  // namespace holdfast::sqlite::limits
