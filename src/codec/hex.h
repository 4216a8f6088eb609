#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::codec {

/// Two lower-case digits a byte.
std::string to_hex(std::string_view bytes);
/// Unset for anything but an even number of lower-case hex digits.
std::optional<std::string> from_hex(std::string_view digits);

}  // namespace holdfast::codec
