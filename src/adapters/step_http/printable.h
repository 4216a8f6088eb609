#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::step_http {

/// At most `max_bytes` of `text`, cut between characters: UTF-8 (RFC 3629) as it is, a space for
/// each control character and `?` for each byte that belongs to no character.
std::string printable(std::string_view text, std::size_t max_bytes);

/// As `printable`, bounded by characters.
std::string printable_characters(std::string_view text, std::size_t max_characters);

}  // namespace holdfast::step_http
