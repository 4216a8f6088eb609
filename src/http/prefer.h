#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace holdfast::http {

/// The `wait` of a `Prefer` header (RFC 7240, section 4.3), at most `limits::kMaxWait`. Unset where
/// there is none, or where it is not a number of seconds: a preference that is not understood is
/// ignored. Of several, the first counts.
std::optional<std::chrono::seconds> preferred_wait(std::string_view prefer);

}  // namespace holdfast::http
