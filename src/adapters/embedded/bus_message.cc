#include "adapters/embedded/bus_message.h"

#include "adapters/embedded/bus_limits.h"

namespace holdfast::embedded::bus {
namespace {

constexpr std::size_t kLengthBytes = 4;

void append_text(std::string& to, std::string_view text) {
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    to.push_back(static_cast<char>((text.size() >> (8 * i)) & 0xffU));
  }
  to += text;
}

std::optional<std::string_view> take_text(std::string_view& from) {
  if (from.size() < kLengthBytes) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= std::size_t{static_cast<unsigned char>(from[i])} << (8 * i);
  }
  from.remove_prefix(kLengthBytes);
  if (from.size() < length) return std::nullopt;
  const auto text = from.substr(0, length);
  from.remove_prefix(length);
  return text;
}

/// What is wrong with the place a message is for.
std::optional<std::string> why_no_address(const OutgoingMessage& message) {
  if (message.topic) {
    if (message.topic->empty()) return "the event names no topic";
    if (message.topic->size() > limits::kMaxNameBytes) return "the topic's name is too long";
    return std::nullopt;
  }
  if (message.queue.value.empty()) return "the message names no queue";
  if (message.queue.value.size() > limits::kMaxNameBytes) return "the queue's name is too long";
  return std::nullopt;
}

std::optional<std::string> why_no_headers(const Headers& headers) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : headers) {
    if (key.empty() || key.size() > limits::kMaxNameBytes) {
      return "a header's name is empty or too long";
    }
    if (key == kIdempotencyKeyHeader && value.size() > limits::kMaxNameBytes) {
      return "the idempotency key is longer than 255 bytes";
    }
    bytes += key.size() + value.size() + 16;
  }
  if (bytes > limits::kMaxHeaderBytes) return "the headers are larger than 64 KiB";
  return std::nullopt;
}

}  // namespace

std::string encode_headers(const Headers& headers) {
  std::string encoded;
  for (const auto& [key, value] : headers) {
    append_text(encoded, key);
    append_text(encoded, value);
  }
  return encoded;
}

Headers decode_headers(std::string_view encoded) {
  Headers headers;
  while (!encoded.empty()) {
    const auto key = take_text(encoded);
    const auto value = key ? take_text(encoded) : std::nullopt;
    if (!value) break;
    headers.emplace(*key, *value);
  }
  return headers;
}

std::optional<std::string> why_unsendable(const OutgoingMessage& message) {
  if (message.body.size() > limits::kMaxBodyBytes) return "the body is larger than 15 MiB";
  if (auto why = why_no_address(message)) return why;
  if (message.content_type.size() > limits::kMaxNameBytes) {
    return "the content type is longer than 255 bytes";
  }
  return why_no_headers(message.headers);
}

}  // namespace holdfast::embedded::bus
