#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "ports/message_bus.h"

namespace holdfast::embedded::bus {

/// The place of a message in its queue: 1, 2, 3, … in the order of the commits. Never used twice.
using Seq = std::int64_t;

/// Where and why the broker itself gave a message up. Set on messages that the delivery limit
/// brought to `parked`.
inline constexpr const char* kDeadLetterQueueHeader = "hf-dead-letter-queue";
inline constexpr const char* kDeadLetterReasonHeader = "hf-dead-letter-reason";
inline constexpr const char* kDeliveryLimitReason = "delivery_limit";
/// By what a worker in another program knows a message that it has seen before.
inline constexpr const char* kIdempotencyKeyHeader = "idempotency-key";

/// A message that waits in memory to be handed out; its delivery has no tag yet.
struct Loaded {
  Seq seq = 0;
  std::uint32_t deliveries = 0;  ///< earlier ones that ended without an acknowledgement
  Delivery delivery;
};

using Headers = std::map<std::string, std::string>;

/// Headers as they are kept in a column: each text preceded by its length in four bytes, the least
/// significant first.
std::string encode_headers(const Headers& headers);
/// As far as it can be read.
Headers decode_headers(std::string_view encoded);

/// Why a message cannot be sent at all; unset when it can.
std::optional<std::string> why_unsendable(const OutgoingMessage& message);

}  // namespace holdfast::embedded::bus
