#pragma once

#include <chrono>
#include <cstddef>

namespace holdfast::load {

inline constexpr std::chrono::seconds kConnectTimeout{5};
inline constexpr std::chrono::milliseconds kReconnectDelay{100};
inline constexpr std::chrono::milliseconds kTickEvery{100};
inline constexpr std::size_t kReadSize = std::size_t{16} * 1024;
// An answer beyond this is not one of ours.
inline constexpr std::size_t kMaxAnswer = std::size_t{16} * 1024 * 1024;

}  // namespace holdfast::load
