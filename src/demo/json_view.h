#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::demo {

// Looks into answers without ever failing: what is not there is empty. The demonstration then
// shows a check that did not hold, instead of stopping.
boost::json::value parse_json(std::string_view text);
std::string text_at(const boost::json::value& object, std::string_view key);
std::optional<std::int64_t> number_at(const boost::json::value& object, std::string_view key);
std::optional<bool> flag_at(const boost::json::value& object, std::string_view key);

// A member of that name in the object itself or in one of its members that are objects.
std::optional<std::int64_t> number_within(const boost::json::value& object, std::string_view key);

// "2024-05-06T07:08:09.123Z" (RFC 3339 in UTC).
using SystemTime = std::chrono::sys_time<std::chrono::milliseconds>;
std::optional<SystemTime> parse_time(std::string_view text);
std::optional<SystemTime> time_at(const boost::json::value& object, std::string_view key);

}  // namespace holdfast::demo
