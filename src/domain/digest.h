#pragma once

#include <string>
#include <string_view>

namespace holdfast {

/// SHA-256 (FIPS 180-4) as 64 hex digits in lower case.
std::string sha256_hex(std::string_view content);

}  // namespace holdfast
