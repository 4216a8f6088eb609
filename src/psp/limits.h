#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every bound of the payment provider.

namespace holdfast::psp::limits {

inline constexpr std::size_t kMaxBodyBytes = std::size_t{64} * 1024;
inline constexpr std::uint32_t kMaxHeaderBytes = 8 * 1024;
inline constexpr std::size_t kMaxKeyBytes = 255;
inline constexpr std::int64_t kMaxAmount = (std::int64_t{1} << 53) - 1;
inline constexpr std::size_t kMaxConnections = 8192;

inline constexpr std::chrono::seconds kBodyTimeout{30};
inline constexpr std::chrono::seconds kWriteTimeout{30};
inline constexpr std::chrono::seconds kIdleTimeout{75};  ///< until the next request has a header
inline constexpr std::chrono::milliseconds kPauseAfterAcceptError{100};
/// How long and how much is still read of a client whose request was refused half-way: closing on
/// unread bytes would reset the connection, and the client would never see the answer.
inline constexpr std::chrono::seconds kLinger{2};
inline constexpr std::size_t kMaxLingerBytes = std::size_t{1024} * 1024;

inline constexpr std::chrono::seconds kHang{60};  ///< then the connection is closed, unanswered
inline constexpr std::chrono::seconds kSlow{2};
inline constexpr std::chrono::minutes kMaxDelay{10};  ///< of delay, jitter and report_delay each

inline constexpr std::chrono::minutes kSignatureTolerance{5};

inline constexpr unsigned kReportAttempts = 6;
inline constexpr std::chrono::milliseconds kReportFirstPause{200};  ///< doubles each time
inline constexpr std::chrono::seconds kReportTimeout{10};           ///< of one attempt
inline constexpr unsigned kMaxReportsAtOnce = 64;
inline constexpr std::size_t kMaxReportAnswerBytes = std::size_t{64} * 1024;

}  // namespace holdfast::psp::limits
