#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

namespace holdfast::flows {

enum class FailureKind {
  not_found,
  invalid_cursor,
  unavailable,  ///< a server is away; nothing was done, or the same request may safely be repeated
  rebuilding,   ///< the ledger is being rebuilt; again in a moment
};

/// Why a flow could not answer. `dependency` names the server for `unavailable`: "redis",
/// "postgres", "rabbitmq".
struct Failure {
  FailureKind kind = FailureKind::unavailable;
  std::string dependency;
  std::string detail;
  std::uint32_t retry_after_s = 1;
};

template <class T>
using Outcome = tl::expected<T, Failure>;

}  // namespace holdfast::flows
