#include "app/config_step_keys.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

#include "app/config_duration.h"
#include "app/config_url.h"

namespace holdfast::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr std::size_t kLongestUrl = 2'048;
constexpr std::size_t kShortestSecret = 24;  // bytes, by the Standard Webhooks specification
constexpr std::size_t kLongestSecret = 64;
constexpr std::uint32_t kMostPerPoint = 1'000'000'000;

bool is_host(const std::string& host, bool in_brackets) {
  in6_addr v6{};
  if (in_brackets) {
    return inet_pton(AF_INET6, host.c_str(), &v6) == 1;
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_';
  });
}

Fault check_step_url(std::string_view text) {
  if (text.size() > kLongestUrl) {
    return "must have at most " + std::to_string(kLongestUrl) + " characters";
  }
  const bool printable = std::all_of(text.begin(), text.end(),
                                     [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
  if (!printable) {
    return "must be plain ASCII without spaces; write other characters as %XX";
  }
  if (!text.starts_with("http://") && !text.starts_with("https://")) {
    return "must begin with http:// or https://, as in \"http://127.0.0.1:8090/charges\"";
  }
  if (text.find('#') != std::string_view::npos) {
    return "must have no fragment: take away the # and what follows, or write %23";
  }
  const auto begin = text.find("://") + 3;
  const auto authority = text.substr(begin, text.find_first_of("/?", begin) - begin);
  if (authority.find('@') != std::string_view::npos) {
    return "must hold no user and password; calls are signed with `webhook_secret` instead";
  }
  const auto url = parse_url(text);
  if (!url) {
    return url.error() + "; write it as http://127.0.0.1:8090/charges";
  }
  if (!is_host(url->host, authority.starts_with('['))) {
    return "must name a host, as in \"http://127.0.0.1:8090/charges\"";
  }
  return url->port == 0 ? Fault{"has port 0, which nobody listens on"} : Fault{};
}

// The number of bytes that `text` encodes in base64 (RFC 4648 section 4, padded); nothing when it
// is none.
std::optional<std::size_t> base64_size(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const auto digits = text.substr(0, text.size() - padding);
  const bool all = std::all_of(digits.begin(), digits.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/';
  });
  return all ? std::optional(text.size() / 4 * 3 - padding) : std::nullopt;
}

// The value is in no message: a secret that is nearly right is still a secret.
Fault check_secret(std::string_view text) {
  if (text == kHiddenSecret) {
    return "is \"***\", which `holdfast config` prints in place of a secret; write the secret";
  }
  const auto encoded =
      text.starts_with(kSecretPrefix) ? text.substr(kSecretPrefix.size()) : std::string_view(text);
  const auto size = base64_size(encoded);
  if (!size || *size < kShortestSecret || *size > kLongestSecret) {
    return "must be whsec_ and the base64 of 24 to 64 bytes; make one with: echo "
           "whsec_$(openssl rand -base64 32)";
  }
  return {};
}

DurationRange timeout_range(StepKind kind) {
  switch (kind) {
    case StepKind::http: return {milliseconds(50), minutes(5)};
    case StepKind::amqp: return {milliseconds(100), hours(24)};
    case StepKind::await: return {milliseconds(100), hours(24 * 30)};
    case StepKind::stock:
    case StepKind::points: break;
  }
  return {milliseconds(0), milliseconds(0)};  // these kinds have no timeout
}

DurationRange report_range(StepKind) {
  return {milliseconds(100), hours(24 * 30)};
}

DurationRange first_pause_range(StepKind) {
  return {milliseconds(1), hours(1)};
}

DurationRange pause_range(StepKind) {
  return {milliseconds(1), hours(24)};
}

template <auto Member>
auto& member(StepConfig& step) {
  return step.*Member;
}
template <auto Member>
auto& retry(StepConfig& step) {
  return step.retry.*Member;
}

StepTextSetting step_url(std::string StepConfig::*member) {
  return {member, "http:// or https:// with a host, at most 2048 characters", check_step_url};
}

Fault set_value(StepConfig& step, const RawValue& value, const StepTextSetting& setting) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || text->empty()) {
    return "must be a text in quotes (" + setting.allowed + "), not " +
           (text == nullptr ? described(value) : "empty");
  }
  if (auto fault = setting.check(*text)) {
    return fault;
  }
  step.*setting.member = *text;
  return {};
}

Fault set_value(StepConfig& step, const RawValue& value, const StepCountSetting& setting) {
  const auto count = read_count(value, setting.minimum, setting.maximum);
  if (!count) {
    return count.error();
  }
  setting.member(step) = *count;
  return {};
}

Fault set_value(StepConfig& step, const RawValue& value, const StepDurationSetting& setting) {
  const auto range = setting.range(step.kind);
  const auto duration = read_duration(value, range.minimum, range.maximum);
  if (!duration) {
    return duration.error();
  }
  setting.member(step) = *duration;
  return {};
}

std::vector<StepKey> all_keys() {
  using S = StepConfig;
  const std::vector<StepKind> calls = {StepKind::http, StepKind::await};
  const std::vector<StepKind> remote = {StepKind::http, StepKind::await, StepKind::amqp};
  auto forward = step_url(&S::forward_url);
  forward.is_required = true;
  StepTextSetting secret{&S::webhook_secret, "whsec_ and the base64 of 24 to 64 bytes",
                         check_secret};
  secret.is_secret = true;
  return {
      {"per",
       {StepKind::points},
       "Minor units that earn one point.",
       StepCountSetting{member<&S::per>, 1, kMostPerPoint}},
      {"forward_url", {StepKind::http}, "Where the step is asked for, by POST.", forward},
      {"reverse_url", calls, "Where what was done is taken back; left out: nothing is to be done.",
       step_url(&S::reverse_url)},
      {"timeout", remote,
       "How long a call (http) or the worker's answer (amqp) is waited for, past which it is asked "
       "again; of await: how long the outside party has, past which the order is cancelled.",
       StepDurationSetting{member<&S::timeout>, timeout_range}},
      {"report_timeout",
       {StepKind::http},
       "After an answer of 202: how long the report is waited for before the step is asked again.",
       StepDurationSetting{member<&S::report_timeout>, report_range}},
      {"retry.attempts", remote, "Calls of one step in all, before its message is parked.",
       StepCountSetting{retry<&RetryPolicy::attempts>, 1, 100}},
      {"retry.first", remote, "The longest pause before the second call.",
       StepDurationSetting{retry<&RetryPolicy::first>, first_pause_range}},
      {"retry.factor", remote, "What the pause grows by from call to call.",
       StepCountSetting{retry<&RetryPolicy::factor>, 1, 10}},
      {"retry.max", remote, "The longest pause of all, not shorter than retry.first.",
       StepDurationSetting{retry<&RetryPolicy::max>, pause_range}},
      {"concurrency", remote, "Calls at a time, of each process.",
       StepCountSetting{member<&S::concurrency>, 1, 1'000}},
      {"webhook_secret", calls, "Signs the calls (Standard Webhooks); left out: not signed.",
       secret},
  };
}

}  // namespace

bool StepKey::belongs_to(StepKind kind) const {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

bool StepKey::is_required() const {
  const auto* text = std::get_if<StepTextSetting>(&setting);
  return text != nullptr && text->is_required;
}

std::string StepKey::kinds_in_words() const {
  std::vector<std::string> names;
  for (const auto kind : kinds) {
    names.emplace_back(to_string(kind));
  }
  return (names.size() == 1 ? "kind " : "kinds ") + quoted_list(names);
}

std::string StepKey::allowed(StepKind kind) const {
  if (const auto* text = std::get_if<StepTextSetting>(&setting)) {
    return text->allowed;
  }
  if (const auto* count = std::get_if<StepCountSetting>(&setting)) {
    return std::to_string(count->minimum) + " to " + std::to_string(count->maximum);
  }
  const auto range = std::get<StepDurationSetting>(setting).range(kind);
  return format_duration(range.minimum) + " to " + format_duration(range.maximum);
}

Fault StepKey::set(StepConfig& step, const RawValue& value) const {
  return std::visit([&](const auto& each) { return set_value(step, value, each); }, setting);
}

std::optional<std::string> StepKey::shown(const StepConfig& step) const {
  if (const auto* text = std::get_if<StepTextSetting>(&setting)) {
    const std::string& value = step.*text->member;
    if (value.empty()) {
      return std::nullopt;
    }
    return toml_quoted(text->is_secret ? kHiddenSecret : std::string_view(value));
  }
  // The members are reached through a StepConfig&, so that one function serves reading and writing.
  StepConfig copy = step;
  if (const auto* count = std::get_if<StepCountSetting>(&setting)) {
    return std::to_string(count->member(copy));
  }
  return toml_quoted(format_duration(std::get<StepDurationSetting>(setting).member(copy)));
}

const std::vector<StepKey>& step_keys() {
  static const std::vector<StepKey> keys = all_keys();
  return keys;
}

const StepKey* find_step_key(std::string_view name) {
  const auto& keys = step_keys();
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

const std::vector<StepKind>& step_kinds() {
  static const std::vector<StepKind> kinds = {StepKind::stock, StepKind::points, StepKind::http,
                                              StepKind::await, StepKind::amqp};
  return kinds;
}

Milliseconds default_timeout(StepKind kind) {
  switch (kind) {
    case StepKind::stock:
    case StepKind::points: return PlanStep{}.timeout;  // not looked at
    case StepKind::http: return std::chrono::seconds(5);
    case StepKind::amqp: return minutes(1);
    case StepKind::await: return minutes(15);
  }
  return {};
}

StepConfig default_step(StepKind kind) {
  StepConfig step;
  step.kind = kind;
  step.timeout = default_timeout(kind);
  return step;
}

}  // namespace holdfast::app
