#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config.h"
#include "app/config_value.h"

// The one table of all properties with a key of their own. Reading, overriding, checking and
// printing all walk this table; a new property is one new row. The lists ([[http.keys]],
// [[plans.<name>.steps]]) are not in it.

namespace holdfast::app {

struct TextSetting {
  std::string& (*member)(Config&);
  std::string allowed;                    // in words
  Fault (*check)(std::string_view text);  // beyond being a text
  bool is_url = false;                    // then it may hold a password
};
struct FlagSetting {
  bool& (*member)(Config&);
};
struct CountSetting {
  std::uint32_t& (*member)(Config&);
  std::uint32_t minimum;
  std::uint32_t maximum;
};
struct DurationSetting {
  Milliseconds& (*member)(Config&);
  Milliseconds minimum;
  Milliseconds maximum;
};
struct ChoiceSetting {
  std::vector<std::string> names;
  std::string (*get)(const Config&);
  void (*set)(Config&, const std::string& name);  // `name` is one of `names`
};

struct Property {
  std::string section;  // "" for a key that stands before all sections
  std::string key;
  std::string description;
  std::variant<TextSetting, FlagSetting, CountSetting, DurationSetting, ChoiceSetting> setting;

  std::string name() const;         // "http.listen"
  std::string environment() const;  // "HOLDFAST_HTTP_LISTEN"
  std::string type() const;         // "text", "boolean", "integer", "duration", "choice"
  std::string allowed() const;      // "1 to 64"

  // Sets the member, or says why not and leaves it as it was.
  Fault set(Config& config, const RawValue& value) const;
  // The same from a variable's text: "8" for an integer, "true" for a boolean.
  Fault set_from_text(Config& config, const std::string& text) const;
  // The value as TOML writes it: `"5s"`, `8`, `true`. A URL's password is hidden, unless the value
  // is the default, which is no secret.
  std::string shown(const Config& config) const;
};

const std::vector<Property>& properties();
const Property* find_property(std::string_view section, std::string_view key);
// "" (keys before all sections) is not among them; "plans" is.
const std::vector<std::string>& section_names();

}  // namespace holdfast::app
