#include "codec/cursor.h"

#include <charconv>

namespace holdfast::codec {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char byte : bytes) {
    bits = (bits << 8U) | static_cast<std::uint8_t>(byte);
    for (held += 8; held >= 6; held -= 6) text.push_back(kDigits[(bits >> (held - 6)) & 63U]);
  }
  if (held > 0) text.push_back(kDigits[(bits << (6 - held)) & 63U]);
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>((bits >> held) & 0xffU));
  }
  return bytes;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Years 1970 to 2261: any instant an order can have, and none that a store cannot hold.
constexpr std::int64_t kLatestInstant_ms = 9'200'000'000'000;

}  // namespace

std::string encode_cursor(const Cursor& cursor) {
  return to_base64url(std::string(1, cursor.list) +
                      std::to_string(cursor.at.time_since_epoch().count()) + "|" + cursor.key);
}

std::optional<Cursor> decode_cursor(std::string_view text, char list) {
  constexpr std::size_t kLongest = 256;
  const auto bytes = text.size() <= kLongest ? from_base64url(text) : std::nullopt;
  if (!bytes || bytes->empty() || bytes->front() != list) return std::nullopt;
  const auto bar = bytes->find('|');
  if (bar == std::string::npos || bytes->find('\0') != std::string::npos) return std::nullopt;
  const auto at_ms = parse_integer(std::string_view(*bytes).substr(1, bar - 1));
  if (!at_ms || *at_ms < -kLatestInstant_ms || *at_ms > kLatestInstant_ms) return std::nullopt;
  return Cursor{list, Instant(Milliseconds(*at_ms)), bytes->substr(bar + 1)};
}

std::optional<Uuid> uuid_key(const Cursor& cursor) {
  return parse_uuid(cursor.key);
}

std::optional<std::int64_t> integer_key(const Cursor& cursor) {
  return parse_integer(cursor.key);
}

}  // namespace holdfast::codec
