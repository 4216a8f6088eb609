#include "demo/json_view.h"

#include <charconv>

namespace holdfast::demo {

namespace json = boost::json;

namespace {

const json::value* member(const json::value& object, std::string_view key) {
  const json::object* found = object.if_object();
  return found == nullptr ? nullptr : found->if_contains(key);
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) {
    return std::nullopt;
  }
  int value = 0;
  const char* begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + count, value);
  if (error != std::errc{} || end != begin + count) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

json::value parse_json(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return error ? json::value{} : value;
}

std::string text_at(const json::value& object, std::string_view key) {
  const json::value* found = member(object, key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

std::optional<std::int64_t> number_at(const json::value& object, std::string_view key) {
  const json::value* found = member(object, key);
  if (found == nullptr || !found->is_number()) {
    return std::nullopt;
  }
  boost::system::error_code error;
  const auto number = found->to_number<std::int64_t>(error);
  return error ? std::nullopt : std::optional(number);
}

std::optional<bool> flag_at(const json::value& object, std::string_view key) {
  const json::value* found = member(object, key);
  return found != nullptr && found->is_bool() ? std::optional(found->get_bool()) : std::nullopt;
}

std::optional<std::int64_t> number_within(const json::value& object, std::string_view key) {
  if (const auto own = number_at(object, key)) {
    return own;
  }
  if (const json::object* members = object.if_object()) {
    for (const auto& entry : *members) {
      if (const auto inner = number_at(entry.value(), key)) {
        return inner;
      }
    }
  }
  return std::nullopt;
}

std::optional<SystemTime> parse_time(std::string_view text) {
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  const auto milli = digits(text, 20, 3);
  if (!year || !month || !day || !hour || !minute || !second || !milli || !text.ends_with('Z')) {
    return std::nullopt;
  }
  const auto date = std::chrono::year(*year) / *month / *day;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) + std::chrono::milliseconds(*milli);
}

std::optional<SystemTime> time_at(const json::value& object, std::string_view key) {
  return parse_time(text_at(object, key));
}

}  // namespace holdfast::demo
