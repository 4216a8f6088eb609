#include "app/config_value.h"

#include <cstdio>

#include "app/config_duration.h"

namespace holdfast::app {
namespace {

struct Description {
  std::string operator()(const std::string& text) const { return toml_quoted(text); }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(const OtherType& other) const { return other.name; }
};

}  // namespace

tl::expected<std::uint32_t, std::string> read_count(const RawValue& value, std::uint32_t minimum,
                                                    std::uint32_t maximum) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr || *number < minimum || *number > maximum) {
    return tl::unexpected("must be a whole number from " + std::to_string(minimum) + " to " +
                          std::to_string(maximum) + ", not " + described(value));
  }
  return static_cast<std::uint32_t>(*number);
}

tl::expected<std::chrono::milliseconds, std::string> read_duration(
    const RawValue& value, std::chrono::milliseconds minimum, std::chrono::milliseconds maximum) {
  const auto* text = std::get_if<std::string>(&value);
  const auto duration = text == nullptr ? std::nullopt : parse_duration(*text);
  if (!duration || *duration < minimum || *duration > maximum) {
    return tl::unexpected(
        "must be a duration in quotes (such as \"200ms\", \"5s\", \"15m\", \"24h\") from " +
        format_duration(minimum) + " to " + format_duration(maximum) + ", not " + described(value));
  }
  return *duration;
}

std::string described(const RawValue& value) {
  return std::visit(Description{}, value);
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    text += (text.empty() ? "\"" : ", \"") + name + "\"";
  }
  return text;
}

std::string toml_quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04X", byte);
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace holdfast::app
