#include "http/utf8.h"

#include <cstddef>

namespace holdfast::http {
namespace {

/// Length of the sequence that a leading byte begins; 0 for a byte that begins none. `low` and
/// `high` bound the second byte (Unicode, table 3-7).
std::size_t sequence_length(unsigned lead, unsigned& low, unsigned& high) {
  low = 0x80;
  high = 0xbf;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
    return 4;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::size_t at = 0;
  while (at < text.size()) {
    unsigned low = 0;
    unsigned high = 0;
    const std::size_t length = sequence_length(byte(at), low, high);
    if (length == 0 || at + length > text.size()) return false;
    for (std::size_t i = 1; i < length; ++i) {
      if (byte(at + i) < low || byte(at + i) > high) return false;
      low = 0x80;
      high = 0xbf;
    }
    at += length;
  }
  return true;
}

}  // namespace holdfast::http
