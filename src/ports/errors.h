#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace holdfast {

/// What is known about the effect of a call that failed.
enum class Effect { none, happened, unknown };

enum class PortErrorKind {
  unavailable,  ///< the server cannot be reached or is not ready; try again later
  timed_out,    ///< the deadline passed
  constraint,   ///< the store refused the data (a CHECK or unique constraint); effect none
  rejected,     ///< the server answered no (nack, unroutable, queue full, script error)
};

/// The failure of an outside call. `effect` decides what may be done next: `none` may be sent
/// again at will, `unknown` only under the same id.
struct PortError {
  PortErrorKind kind = PortErrorKind::unavailable;
  Effect effect = Effect::unknown;
  std::string detail;
};

template <class T>
using PortResult = tl::expected<T, PortError>;

std::string_view to_string(Effect effect);
std::string_view to_string(PortErrorKind kind);

}  // namespace holdfast
