#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

// Values as a file or a variable brings them, and what they have to be. What the table of
// properties and the table of step keys have in common.

namespace holdfast::app {

// A value before anyone knows whether it fits.
struct OtherType {
  std::string name;  // "an array", "a date", ...
};
using RawValue = std::variant<std::string, bool, std::int64_t, OtherType>;

// What is wrong with a value, in words that follow the key: "must be 1 to 64, not 900".
using Fault = std::optional<std::string>;

// The value, or what is wrong with it. The bounds are part of the range.
tl::expected<std::uint32_t, std::string> read_count(const RawValue& value, std::uint32_t minimum,
                                                    std::uint32_t maximum);
tl::expected<std::chrono::milliseconds, std::string> read_duration(
    const RawValue& value, std::chrono::milliseconds minimum, std::chrono::milliseconds maximum);

// A value as an error message shows it.
std::string described(const RawValue& value);
// "a", "b", "c"
std::string quoted_list(const std::vector<std::string>& names);
// A text as a TOML basic string, quotes included. It is a JSON string as well.
std::string toml_quoted(std::string_view text);

}  // namespace holdfast::app
