#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/ids.h"
#include "domain/money.h"

namespace holdfast::codec {

/// The place of a list's last item: where the next page goes on. `list` tells the lists apart, so
/// that a cursor of one is refused by another.
struct Cursor {
  char list = '?';
  Instant at;
  std::string key;  ///< breaks ties, or is all there is
};

/// URL-safe base64 without padding (RFC 4648 section 5).
std::string encode_cursor(const Cursor& cursor);
/// Unset when `text` is no cursor of `list`.
std::optional<Cursor> decode_cursor(std::string_view text, char list);

/// The key as what it was made of; unset when it is not.
std::optional<Uuid> uuid_key(const Cursor& cursor);
std::optional<std::int64_t> integer_key(const Cursor& cursor);

}  // namespace holdfast::codec
