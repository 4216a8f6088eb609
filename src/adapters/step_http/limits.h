#pragma once

#include <chrono>
#include <cstddef>

/// Every bound of the adapter for steps over HTTP that is not a configuration value.
namespace holdfast::step_http::limits {

using namespace std::chrono_literals;

/// What is read of an answer's body; the status of a longer one still counts.
inline constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024;
/// An answer with more header bytes than this, interim answers included, is none.
inline constexpr std::size_t kMaxHeaderBytes = std::size_t{64} * 1024;

/// The parts of an answer that a StepAnswer's `detail` repeats.
inline constexpr std::size_t kDetailBodyBytes = 512;
inline constexpr std::size_t kDetailHeaderBytes = 1'024;
inline constexpr std::size_t kDetailLineBytes = 256;    ///< of the status line, or a telling header
inline constexpr std::size_t kDetailShortHeader = 100;  ///< of any other header; longer: left out
inline constexpr std::size_t kMaxReferenceChars = 256;

/// Idle connections kept for the next call, and for how long: below the 60 s after which most
/// servers and load balancers close them.
inline constexpr long kMaxIdleConnections = 64;
inline constexpr auto kMaxIdleAge = 50s;

/// libcurl takes no longer timeouts than INT_MAX milliseconds.
inline constexpr auto kMaxTimeout = std::chrono::milliseconds{24h};
/// Longest sleep of the adapter's thread while nothing is under way.
inline constexpr auto kMaxPoll = 60'000ms;

}  // namespace holdfast::step_http::limits
