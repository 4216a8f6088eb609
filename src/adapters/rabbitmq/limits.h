#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the RabbitMQ adapter that is not a configuration value.
namespace holdfast::rabbitmq::limits {

using namespace std::chrono_literals;

/// RabbitMQ 4 closes the channel over anything larger (`max_message_size`, 16 MiB by default).
inline constexpr std::size_t kMaxBodyBytes = std::size_t{15} * 1024 * 1024;
/// Properties must fit one frame; a message that cannot be encoded would end the connection.
inline constexpr std::size_t kMaxHeaderBytes = std::size_t{64} * 1024;
/// AMQP 0-9-1 short string.
inline constexpr std::size_t kMaxShortStringBytes = 255;

/// Messages handed to the publisher and not answered yet.
inline constexpr std::size_t kMaxOutstandingMessages = 50'000;
inline constexpr std::size_t kMaxOutstandingBytes = std::size_t{128} * 1024 * 1024;
/// Bytes sent and not confirmed; the confirm window bounds their number.
inline constexpr std::size_t kMaxUnconfirmedBytes = std::size_t{16} * 1024 * 1024;
/// After this many bytes the publisher asks whether the socket still takes data.
inline constexpr std::size_t kBytesPerWritableCheck = std::size_t{32} * 1024;

inline constexpr auto kReconnectFirst = 100ms;
inline constexpr auto kReconnectMax = 2'000ms;
/// A refused declaration needs a person; asking more often only fills the broker's log.
inline constexpr auto kRefusedRetry = 5'000ms;
/// How long a queue whose channel or consumer the broker ended waits before it is opened again.
inline constexpr auto kChannelRetry = 500ms;
/// A consumer's thread spends no longer than this on subscribing before it looks for deliveries.
inline constexpr auto kMatchTime = 50ms;
/// AMQP 0-9-1: a short.
inline constexpr std::size_t kMaxPrefetch = 65'535;
/// How long a queue waits whose consumption cost all the others their connection; doubling.
inline constexpr auto kBlameFirst = 1'000ms;
inline constexpr auto kBlameMax = 60'000ms;
/// Longest sleep of an adapter thread; below a quarter of the shortest heartbeat (1 s) it is less.
inline constexpr auto kMaxPoll = 1'000ms;
/// An orderly end: the broker's answer says that it has processed the last acknowledgements. A
/// socket closed without it may be reset, and what the broker had not read yet is lost.
inline constexpr auto kCloseAnswer = 1'500ms;
/// `stop` waits this long for a thread to close its connection, then cuts the socket.
inline constexpr auto kStopGrace = 2'000ms;

/// The broker's own recorder of parked messages must never lose one to a delivery limit, and
/// RabbitMQ 4 has a limit of 20 unless told otherwise.
inline constexpr std::int64_t kParkedDeliveryLimit = 1'000'000;

inline constexpr int kFrameMaxBytes = 131'072;

}  // namespace holdfast::rabbitmq::limits
