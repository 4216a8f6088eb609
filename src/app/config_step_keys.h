#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config.h"
#include "app/config_value.h"

// The one table of the keys that a step of a plan may have, `name`, `kind` and `after` aside: they
// belong to every kind. Reading, checking, printing and the manual walk this table.

namespace holdfast::app {

struct StepTextSetting {
  std::string StepConfig::*member;
  std::string allowed;                    // in words
  Fault (*check)(std::string_view text);  // beyond being a text
  bool is_required = false;
  bool is_secret = false;
};
struct StepCountSetting {
  std::uint32_t& (*member)(StepConfig&);
  std::uint32_t minimum;
  std::uint32_t maximum;
};
struct DurationRange {
  Milliseconds minimum;
  Milliseconds maximum;
};
struct StepDurationSetting {
  Milliseconds& (*member)(StepConfig&);
  DurationRange (*range)(StepKind kind);
};

struct StepKey {
  std::string name;  // "timeout"; "retry.first" for what stands in the table `retry`
  std::vector<StepKind> kinds;
  std::string description;
  std::variant<StepTextSetting, StepCountSetting, StepDurationSetting> setting;

  bool belongs_to(StepKind kind) const;
  bool is_required() const;
  std::string kinds_in_words() const;        // `kind "points"`, `kinds "http", "await"`
  std::string allowed(StepKind kind) const;  // "1 to 100"

  // Sets the member, or says why not and leaves it as it was.
  Fault set(StepConfig& step, const RawValue& value) const;
  // The value as TOML writes it, and JSON; nothing for an empty text. A secret is "***".
  std::optional<std::string> shown(const StepConfig& step) const;
};

const std::vector<StepKey>& step_keys();
const StepKey* find_step_key(std::string_view name);

// The kinds as the file writes them, in the order of the enum.
const std::vector<StepKind>& step_kinds();

// A step with nothing but its kind: what each key is when it is left out.
StepConfig default_step(StepKind kind);

// What a secret begins with in Standard Webhooks. The file may leave it out.
inline constexpr std::string_view kSecretPrefix = "whsec_";
// What is printed in place of a secret.
inline constexpr std::string_view kHiddenSecret = "***";

}  // namespace holdfast::app
