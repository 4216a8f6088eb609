#include "adapters/step_http/printable.h"

#include <cstdint>
#include <limits>

namespace holdfast::step_http {
namespace {

/// Bytes of the character that `text` begins with; 0: it begins with none.
std::size_t character_length(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const auto within = [&byte](std::uint8_t low, std::uint8_t high) {
    return byte(1) >= low && byte(1) <= high;
  };
  const auto continues = [&byte](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return within(0x80, 0xbf) ? 2 : 0;
  if (first < 0xf0) {
    const bool valid = within(first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    return valid && continues(2) ? 3 : 0;
  }
  if (first > 0xf4) return 0;
  const bool valid = within(first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
  return valid && continues(2) && continues(3) ? 4 : 0;
}

/// C0, DEL and C1 (U+0080 to U+009F).
bool is_control(std::string_view character) {
  const auto first = static_cast<std::uint8_t>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && static_cast<std::uint8_t>(character[1]) < 0xa0;
}

std::string make_printable(std::string_view text, std::size_t max_bytes, std::size_t max_chars) {
  std::string out;
  for (std::size_t chars = 0; !text.empty() && chars < max_chars; ++chars) {
    const std::size_t length = character_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    const std::string_view shown = length == 0 ? "?" : is_control(character) ? " " : character;
    if (out.size() + shown.size() > max_bytes) break;
    out += shown;
    text.remove_prefix(character.size());
  }
  return out;
}

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

}  // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
  return make_printable(text, max_bytes, kAny);
}

std::string printable_characters(std::string_view text, std::size_t max_characters) {
  return make_printable(text, kAny, max_characters);
}

}  // namespace holdfast::step_http
