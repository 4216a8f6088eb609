#include "adapters/postgres/failure.h"

namespace holdfast::postgres {
namespace {

Failure without_effect(PortErrorKind kind, std::string detail) {
  return Failure(PortError{kind, Effect::none, std::move(detail)});
}

}  // namespace

PortErrorKind kind_of_sqlstate(std::string_view sqlstate) {
  const auto state_class = sqlstate.substr(0, 2);
  // 22: data that a type cannot hold, 23: a constraint, 21: one row changed twice by one statement.
  // All three are faults of what was to be written.
  if (state_class == "22" || state_class == "23" || state_class == "21") {
    return PortErrorKind::constraint;
  }
  // query_canceled (statement_timeout) and lock_not_available.
  if (sqlstate == "57014" || sqlstate == "55P03") return PortErrorKind::timed_out;
  // 08 connection, 53 resources, 57 operator, 40 rollback; 25006 is a server that became a
  // standby, 25P03 and 57P05 a connection that was closed for being idle.
  if (state_class == "08" || state_class == "53" || state_class == "57" || state_class == "40" ||
      sqlstate == "25006" || sqlstate == "25P03") {
    return PortErrorKind::unavailable;
  }
  return PortErrorKind::rejected;
}

Failure rejected(std::string detail) {
  return without_effect(PortErrorKind::rejected, std::move(detail));
}

Failure refused_data(std::string detail) {
  return without_effect(PortErrorKind::constraint, std::move(detail));
}

Failure unavailable(std::string detail) {
  return without_effect(PortErrorKind::unavailable, std::move(detail));
}

Failure too_late(std::string detail) {
  return without_effect(PortErrorKind::timed_out, std::move(detail));
}

}  // namespace holdfast::postgres
