#include "adapters/rabbitmq/message_codec.h"

#include <array>
#include <charconv>
#include <limits>

#include "adapters/rabbitmq/limits.h"

namespace holdfast::rabbitmq {
namespace {

/// Broker's marks. Republished, they would make it count on from an earlier life of the message.
constexpr std::array<std::string_view, 5> kBrokerPrefixes{
    "x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count"};

bool is_broker_mark(std::string_view key) {
  for (const auto prefix : kBrokerPrefixes) {
    if (key.starts_with(prefix)) return true;
  }
  return false;
}

std::optional<std::int64_t> integer_of(const amqp_field_value_t& field) {
  switch (field.kind) {
    case AMQP_FIELD_KIND_I8: return field.value.i8;
    case AMQP_FIELD_KIND_U8: return field.value.u8;
    case AMQP_FIELD_KIND_I16: return field.value.i16;
    case AMQP_FIELD_KIND_U16: return field.value.u16;
    case AMQP_FIELD_KIND_I32: return field.value.i32;
    case AMQP_FIELD_KIND_U32: return field.value.u32;
    case AMQP_FIELD_KIND_I64: return field.value.i64;
    case AMQP_FIELD_KIND_U64: return static_cast<std::int64_t>(field.value.u64);
    default: return std::nullopt;
  }
}

bool is_text(const amqp_field_value_t& field) {
  return field.kind == AMQP_FIELD_KIND_UTF8 || field.kind == AMQP_FIELD_KIND_BYTES;
}

template <class Number>
std::string text_of_number(Number number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return std::string(text.data(), end);
}

/// Text of a header of any plain kind; unset for tables, arrays and the like.
std::optional<std::string> text_of(const amqp_field_value_t& field) {
  if (is_text(field)) return std::string(view(field.value.bytes));
  switch (field.kind) {
    case AMQP_FIELD_KIND_BOOLEAN: return field.value.boolean != 0 ? "true" : "false";
    case AMQP_FIELD_KIND_F32: return text_of_number(field.value.f32);
    case AMQP_FIELD_KIND_F64: return text_of_number(field.value.f64);
    case AMQP_FIELD_KIND_U64:
    case AMQP_FIELD_KIND_TIMESTAMP: return text_of_number(field.value.u64);
    default: break;
  }
  if (const auto number = integer_of(field)) return text_of_number(*number);
  return std::nullopt;
}

std::uint32_t count_of(const amqp_field_value_t& field) {
  const auto number = integer_of(field).value_or(0);
  if (number < 0) return 0;
  constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(number < kMax ? number : kMax);
}

std::string text_member(const amqp_table_t& table, std::string_view key) {
  for (int i = 0; i < table.num_entries; ++i) {
    const auto& entry = table.entries[i];
    if (view(entry.key) == key && is_text(entry.value)) {
      return std::string(view(entry.value.value.bytes));
    }
  }
  return {};
}

/// `x-death` has the latest death first. A message that only waited for its delay died of
/// `expired` in a wait queue, which is no news; another program may have set an expiration itself.
void read_death(const amqp_field_value_t& field, const Topology& topology, Delivery& delivery) {
  if (field.kind != AMQP_FIELD_KIND_ARRAY || field.value.array.num_entries == 0) return;
  const auto& latest = field.value.array.entries[0];
  if (latest.kind != AMQP_FIELD_KIND_TABLE) return;
  const std::string reason = text_member(latest.value.table, "reason");
  const std::string queue = text_member(latest.value.table, "queue");
  if (reason.empty() || (reason == "expired" && topology.is_wait_queue(queue))) return;
  delivery.headers[kDeadLetterReasonHeader] = reason;
  delivery.headers[kDeadLetterQueueHeader] = topology.without_name_space(queue);
}

amqp_table_entry_t text_entry(std::string_view key, std::string_view value) {
  amqp_table_entry_t entry{};
  entry.key = bytes_of(key);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = bytes_of(value);
  return entry;
}

/// What `message_id` says; empty: nothing.
std::string amqp_message_id(const OutgoingMessage& message) {
  const auto key = message.headers.find(kIdempotencyKeyHeader);
  if (key != message.headers.end() && !key->second.empty()) return key->second;
  return message.id.value.is_nil() ? std::string{} : message.id.to_string();
}

/// What is wrong with the place a message is for.
std::optional<std::string> why_no_address(const OutgoingMessage& message,
                                          const std::string& routing_key) {
  if (message.topic) {
    if (message.topic->empty()) return "the event names no topic";
    if (routing_key.size() > limits::kMaxShortStringBytes) return "the topic's name is too long";
    return std::nullopt;
  }
  if (message.queue.value.empty()) return "the message names no queue";
  if (routing_key.size() > limits::kMaxShortStringBytes) return "the queue's name is too long";
  return std::nullopt;
}

}  // namespace

const amqp_basic_properties_t& PropertiesEncoder::encode(const OutgoingMessage& message) {
  entries_.clear();
  amqp_table_entry_t attempts{};
  attempts.key = amqp_cstring_bytes(kAttemptsHeader);
  attempts.value.kind = AMQP_FIELD_KIND_I64;
  attempts.value.value.i64 = message.attempts;
  entries_.push_back(attempts);
  for (const auto& [key, value] : message.headers) {
    if (key != kAttemptsHeader && !is_broker_mark(key)) entries_.push_back(text_entry(key, value));
  }
  properties_ = {};
  properties_._flags =
      AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG;
  properties_.content_type = bytes_of(message.content_type);
  properties_.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  properties_.headers = {static_cast<int>(entries_.size()), entries_.data()};
  message_id_ = amqp_message_id(message);
  if (!message_id_.empty()) {
    properties_._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
    properties_.message_id = bytes_of(message_id_);
  }
  return properties_;
}

std::optional<std::string> why_unsendable(const OutgoingMessage& message,
                                          const std::string& routing_key) {
  if (message.body.size() > limits::kMaxBodyBytes) return "the body is larger than 15 MiB";
  if (auto why = why_no_address(message, routing_key)) return why;
  if (message.content_type.size() > limits::kMaxShortStringBytes) {
    return "the content type is longer than 255 bytes";
  }
  std::size_t bytes = 0;
  for (const auto& [key, value] : message.headers) {
    if (key.empty() || key.size() > limits::kMaxShortStringBytes) {
      return "a header's name is empty or too long";
    }
    if (key == kIdempotencyKeyHeader && value.size() > limits::kMaxShortStringBytes) {
      return "the idempotency key is longer than 255 bytes";
    }
    bytes += key.size() + value.size() + 16;
  }
  if (bytes > limits::kMaxHeaderBytes) return "the headers are larger than 64 KiB";
  return std::nullopt;
}

Incoming decode(const amqp_basic_properties_t& properties, const Topology& topology) {
  Incoming incoming;
  if ((properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0) {
    const auto id = MessageId::parse(view(properties.message_id));
    if (id) incoming.delivery.id = *id;
  }
  if ((properties._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return incoming;
  for (int i = 0; i < properties.headers.num_entries; ++i) {
    const auto& entry = properties.headers.entries[i];
    const std::string_view key = view(entry.key);
    if (key == kAttemptsHeader) {
      incoming.delivery.attempts = count_of(entry.value);
    } else if (key == "x-delivery-count") {
      incoming.delivery_count = count_of(entry.value);
    } else if (key == "x-death") {
      read_death(entry.value, topology, incoming.delivery);
    } else if (!is_broker_mark(key)) {
      // Never over what `x-death` said: an old mark of ours may have come along.
      if (auto text = text_of(entry.value)) incoming.delivery.headers.emplace(key, *text);
    }
  }
  return incoming;
}

std::optional<Incoming> ContentAssembler::feed(const amqp_frame_t& frame) {
  if (frame.frame_type == AMQP_FRAME_HEADER) {
    const auto& header = frame.payload.properties;
    content_ = decode(*static_cast<amqp_basic_properties_t*>(header.decoded), *topology_);
    body_size_ = static_cast<std::size_t>(header.body_size);
    content_->delivery.body.reserve(body_size_);
  } else if (content_) {
    content_->delivery.body.append(view(frame.payload.body_fragment));
  }
  if (!content_ || content_->delivery.body.size() < body_size_) return std::nullopt;
  auto whole = std::move(content_);
  content_.reset();
  return whole;
}

}  // namespace holdfast::rabbitmq
