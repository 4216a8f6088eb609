#include "app/config_properties.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "app/config_duration.h"
#include "app/config_url.h"

namespace holdfast::app {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;  // C++20 needs none; clang before 17 does

std::string upper(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return result;
}

Fault set_value(Config& config, const RawValue& value, const TextSetting& setting) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) {
    return "must be a text in quotes (" + setting.allowed + "), not " + described(value);
  }
  if (auto fault = setting.check(*text)) {
    return fault;
  }
  setting.member(config) = *text;
  return {};
}

Fault set_value(Config& config, const RawValue& value, const FlagSetting& setting) {
  const auto* flag = std::get_if<bool>(&value);
  if (flag == nullptr) {
    return "must be true or false, not " + described(value);
  }
  setting.member(config) = *flag;
  return {};
}

Fault set_value(Config& config, const RawValue& value, const CountSetting& setting) {
  const auto count = read_count(value, setting.minimum, setting.maximum);
  if (!count) {
    return count.error();
  }
  setting.member(config) = *count;
  return {};
}

Fault set_value(Config& config, const RawValue& value, const DurationSetting& setting) {
  const auto duration = read_duration(value, setting.minimum, setting.maximum);
  if (!duration) {
    return duration.error();
  }
  setting.member(config) = *duration;
  return {};
}

Fault set_value(Config& config, const RawValue& value, const ChoiceSetting& setting) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr ||
      std::find(setting.names.begin(), setting.names.end(), *text) == setting.names.end()) {
    return "must be one of " + quoted_list(setting.names) + ", not " + described(value);
  }
  setting.set(config, *text);
  return {};
}

}  // namespace

std::string Property::name() const {
  return section.empty() ? key : section + "." + key;
}

std::string Property::environment() const {
  return "HOLDFAST_" + (section.empty() ? "" : upper(section) + "_") + upper(key);
}

std::string Property::type() const {
  return std::visit(Overloaded{[](const TextSetting&) { return "text"; },
                               [](const FlagSetting&) { return "boolean"; },
                               [](const CountSetting&) { return "integer"; },
                               [](const DurationSetting&) { return "duration"; },
                               [](const ChoiceSetting&) { return "choice"; }},
                    setting);
}

std::string Property::allowed() const {
  return std::visit(
      Overloaded{[](const TextSetting& text) { return text.allowed; },
                 [](const FlagSetting&) { return std::string("true or false"); },
                 [](const CountSetting& count) {
                   return std::to_string(count.minimum) + " to " + std::to_string(count.maximum);
                 },
                 [](const DurationSetting& duration) {
                   return "\"" + format_duration(duration.minimum) + "\" to \"" +
                          format_duration(duration.maximum) + "\"";
                 },
                 [](const ChoiceSetting& choice) { return quoted_list(choice.names); }},
      setting);
}

Fault Property::set(Config& config, const RawValue& value) const {
  return std::visit([&](const auto& kind) { return set_value(config, value, kind); }, setting);
}

Fault Property::set_from_text(Config& config, const std::string& text) const {
  if (std::holds_alternative<CountSetting>(setting)) {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (!text.empty() && parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size()) {
      return set(config, number);
    }
  }
  if (std::holds_alternative<FlagSetting>(setting) && (text == "true" || text == "false")) {
    return set(config, text == "true");
  }
  return set(config, text);
}

std::string Property::shown(const Config& config) const {
  // The members are reached through a Config&, so that one function serves reading and writing.
  Config copy = config;
  return std::visit(
      Overloaded{[&](const TextSetting& text) {
                   const std::string value = text.member(copy);
                   Config defaults;
                   const bool hide = text.is_url && value != text.member(defaults);
                   return toml_quoted(hide ? redact_url(value) : value);
                 },
                 [&](const FlagSetting& flag) {
                   return std::string(flag.member(copy) ? "true" : "false");
                 },
                 [&](const CountSetting& count) { return std::to_string(count.member(copy)); },
                 [&](const DurationSetting& duration) {
                   return toml_quoted(format_duration(duration.member(copy)));
                 },
                 [&](const ChoiceSetting& choice) { return toml_quoted(choice.get(copy)); }},
      setting);
}

const Property* find_property(std::string_view section, std::string_view key) {
  for (const auto& property : properties()) {
    if (property.section == section && property.key == key) {
      return &property;
    }
  }
  return nullptr;
}

const std::vector<std::string>& section_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> found;
    for (const auto& property : properties()) {
      if (!property.section.empty() && (found.empty() || found.back() != property.section)) {
        found.push_back(property.section);
      }
    }
    found.emplace_back("plans");
    return found;
  }();
  return names;
}

}  // namespace holdfast::app
