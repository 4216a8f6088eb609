#include "psp/switches.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <charconv>
#include <utility>

#include "domain/assert.h"
#include "domain/parse_enum.h"
#include "psp/limits.h"

namespace holdfast::psp {
namespace {

namespace json = boost::json;

template <class T>
using Members = std::pair<std::string_view, T Switches::*>;

constexpr std::array<Members<double>, 5> kRates{{{"decline", &Switches::decline},
                                                 {"unavailable", &Switches::unavailable},
                                                 {"hang", &Switches::hang},
                                                 {"lose_answer", &Switches::lose_answer},
                                                 {"defer", &Switches::defer}}};
constexpr std::array<Members<Milliseconds>, 3> kWaits{{{"delay", &Switches::delay},
                                                       {"jitter", &Switches::jitter},
                                                       {"report_delay", &Switches::report_delay}}};

template <class T, std::size_t N>
T Switches::*find(const std::array<Members<T>, N>& members, std::string_view name) {
  const auto at = std::find_if(members.begin(), members.end(),
                               [name](const auto& member) { return member.first == name; });
  return at == members.end() ? nullptr : at->second;
}

std::optional<double> rate_of(const json::value& value) {
  json::error_code error;
  const double rate = value.to_number<double>(error);
  return error ? std::nullopt : std::optional(rate);
}

/// A text with a unit, or whole milliseconds.
std::optional<Milliseconds> wait_of(const json::value& value) {
  if (const auto* text = value.if_string()) return parse_wait({text->data(), text->size()});
  json::error_code error;
  const auto count = value.to_number<std::int64_t>(error);
  return error || count < 0 ? std::nullopt : std::optional(Milliseconds(count));
}

}  // namespace

std::string_view to_string(Behaviour behaviour) {
  switch (behaviour) {
    case Behaviour::normal: return "normal";
    case Behaviour::slow: return "slow";
    case Behaviour::decline: return "decline";
    case Behaviour::unavailable: return "unavailable";
    case Behaviour::hang: return "hang";
    case Behaviour::lose_answer: return "lose-answer";
    case Behaviour::defer: return "defer";
  }
  HF_UNREACHABLE("no known behaviour");
}

std::optional<Behaviour> parse_behaviour(std::string_view text) {
  constexpr std::array kBehaviours{Behaviour::normal,      Behaviour::slow, Behaviour::decline,
                                   Behaviour::unavailable, Behaviour::hang, Behaviour::lose_answer,
                                   Behaviour::defer};
  return parse_enum(kBehaviours, text);
}

std::optional<std::string> fault_of(const Switches& switches) {
  for (const auto& [name, member] : kRates) {
    // Written so that what is no number is refused too.
    if (!(switches.*member >= 0 && switches.*member <= 1)) {
      return std::string(name) + " must be a rate from 0 to 1";
    }
  }
  for (const auto& [name, member] : kWaits) {
    if (switches.*member < Milliseconds(0) || switches.*member > limits::kMaxDelay) {
      return std::string(name) + " must be 0ms to 10m";
    }
  }
  constexpr double kRounding = 1e-9;
  if (switches.unavailable + switches.hang + switches.lose_answer + switches.defer >
      1 + kRounding) {
    return "unavailable, hang, lose_answer and defer must not exceed 1 together: a call meets "
           "one of them";
  }
  return std::nullopt;
}

std::string to_json(const Switches& switches) {
  // Boost.JSON would write a rate of a tenth as 1E-1.
  std::string text;
  for (const auto& [name, member] : kWaits) {
    text +=
        fmt::format(R"({}"{}":"{}ms")", text.empty() ? "" : ",", name, (switches.*member).count());
  }
  for (const auto& [name, member] : kRates) {
    text += fmt::format(R"(,"{}":{})", name, switches.*member);
  }
  return "{" + text + "}";
}

tl::expected<Switches, std::string> merged(Switches switches, const json::value& changes) {
  const auto* object = changes.if_object();
  if (object == nullptr) return tl::unexpected(std::string("the body must be an object"));
  for (const auto& change : *object) {
    std::string name(change.key());
    std::replace(name.begin(), name.end(), '-', '_');  // as the command line writes them
    if (const auto rate = find(kRates, name)) {
      const auto value = rate_of(change.value());
      if (!value) return tl::unexpected(name + " must be a rate from 0 to 1");
      switches.*rate = *value;
    } else if (const auto wait = find(kWaits, name)) {
      const auto value = wait_of(change.value());
      if (!value) return tl::unexpected(name + " must be a text such as \"200ms\" or \"5s\"");
      switches.*wait = *value;
    } else {
      return tl::unexpected("there is no switch \"" + name + "\"; GET /switches shows all");
    }
  }
  if (auto fault = fault_of(switches)) return tl::unexpected(std::move(*fault));
  return switches;
}

std::optional<Milliseconds> parse_wait(std::string_view text) {
  constexpr std::int64_t kMaxCount = 1'000'000'000;  // far beyond any wait, far below overflow
  std::int64_t count = 0;
  const auto [unit, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0 || count > kMaxCount) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(unit - text.data()));
  if (text == "ms") return Milliseconds(count);
  if (text == "s") return std::chrono::seconds(count);
  if (text == "m") return std::chrono::minutes(count);
  return std::nullopt;
}

}  // namespace holdfast::psp
