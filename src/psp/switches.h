#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "domain/money.h"

namespace holdfast::psp {

/// What a call may meet.
enum class Behaviour {
  normal,
  slow,         ///< normal, two seconds later
  decline,      ///< 402 without effect, for good
  unavailable,  ///< 503 without effect
  hang,         ///< no answer and no effect
  lose_answer,  ///< the effect, but no answer that tells of it
  defer,        ///< 202; the effect and a report of it come later
};
std::string_view to_string(Behaviour behaviour);
std::optional<Behaviour> parse_behaviour(std::string_view text);

/// How the provider misbehaves. Rates are 0 to 1: of keys for `decline`, of calls for the others,
/// of which a call meets at most one.
struct Switches {
  Milliseconds delay{0};
  Milliseconds jitter{0};  ///< a call waits `delay` and up to this much more
  double decline = 0;
  double unavailable = 0;
  double hang = 0;
  double lose_answer = 0;
  double defer = 0;
  Milliseconds report_delay{1000};  ///< from the 202 to effect and report

  bool operator==(const Switches&) const = default;
};

/// What is out of bounds, as a sentence.
std::optional<std::string> fault_of(const Switches& switches);

std::string to_json(const Switches& switches);  ///< an object that `merged` takes
/// `switches` with those members changed that `changes` names; the error names the member at fault.
tl::expected<Switches, std::string> merged(Switches switches, const boost::json::value& changes);

/// `200ms`, `5s`, `2m`: a whole number and one unit.
std::optional<Milliseconds> parse_wait(std::string_view text);

}  // namespace holdfast::psp
