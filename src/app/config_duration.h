#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::app {

// "200ms", "5s", "15m", "24h": a whole number and one unit. Nothing for any other text, and for
// what does not fit into milliseconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// The shortest such text: 90000 ms is "90s", 60000 ms "1m".
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace holdfast::app
