#pragma once

#include <amqp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/rabbitmq/topology.h"
#include "ports/message_bus.h"

namespace holdfast::rabbitmq {

/// Our own count of handling attempts; the broker's counts are its own business.
inline constexpr const char* kAttemptsHeader = "hf-attempts";
/// Where and why the broker itself gave a message up, as the port names the queue. Set on messages
/// that a delivery limit (or a deleted queue) brought to `parked`.
inline constexpr const char* kDeadLetterQueueHeader = "hf-dead-letter-queue";
inline constexpr const char* kDeadLetterReasonHeader = "hf-dead-letter-reason";

/// By what a worker in another program knows a message that it has seen before. Goes out as AMQP's
/// `message_id` too, in place of the message's own id, for that is where such a worker looks.
inline constexpr const char* kIdempotencyKeyHeader = "idempotency-key";

/// A message as it came in, before the adapter gives it a tag.
struct Incoming {
  Delivery delivery;
  std::uint32_t delivery_count = 0;  ///< times the broker had delivered it before
};

/// Writes a message's properties. Keeps what they point to until the next call, but for what
/// points into the message itself.
class PropertiesEncoder {
 public:
  const amqp_basic_properties_t& encode(const OutgoingMessage& message);

 private:
  amqp_basic_properties_t properties_{};
  std::string message_id_;
  std::vector<amqp_table_entry_t> entries_;
};

/// Why a message cannot be sent at all; unset when it can.
std::optional<std::string> why_unsendable(const OutgoingMessage& message,
                                          const std::string& routing_key);

/// Reads properties, without the marks that the broker leaves on a message. Another program's
/// message is read as far as it goes: an id that is no UUID is nil, a header that is a number or a
/// flag becomes its text, one that is a list or a table is left out.
Incoming decode(const amqp_basic_properties_t& properties, const Topology& topology);

/// Puts a message together from the frames of one channel: method (seen by the caller), header,
/// then bodies.
class ContentAssembler {
 public:
  explicit ContentAssembler(const Topology& topology) : topology_(&topology) {}

  void start() { content_.reset(); }
  /// Takes a header or body frame; the message once it is whole.
  std::optional<Incoming> feed(const amqp_frame_t& frame);

 private:
  const Topology* topology_;  // HELD NOT OWNED
  std::optional<Incoming> content_;
  std::size_t body_size_ = 0;
};

}  // namespace holdfast::rabbitmq
