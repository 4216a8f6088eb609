#pragma once

// How a process of Holdfast ends.

namespace holdfast::app::exit_codes {

inline constexpr int kFine = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUnreachable = 3;

}  // namespace holdfast::app::exit_codes
