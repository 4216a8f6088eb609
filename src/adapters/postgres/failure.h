#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "ports/errors.h"

namespace holdfast::postgres {

/// Thrown inside the adapter only; every public call turns it into its `PortError`.
class Failure : public std::runtime_error {
 public:
  explicit Failure(PortError error, std::string sqlstate = {})
      : std::runtime_error(error.detail),
        error_(std::move(error)),
        sqlstate_(std::move(sqlstate)) {}

  [[nodiscard]] const PortError& error() const { return error_; }
  /// Deadlock or serialization failure: the transaction did nothing and may be run again.
  [[nodiscard]] bool is_repeatable() const { return sqlstate_ == "40001" || sqlstate_ == "40P01"; }

 private:
  PortError error_;
  std::string sqlstate_;
};

/// What kind of failure a SQLSTATE is (PostgreSQL manual, appendix A).
PortErrorKind kind_of_sqlstate(std::string_view sqlstate);

/// Bad data or a wrong argument: nothing was sent.
Failure rejected(std::string detail);
Failure refused_data(std::string detail);
/// No connection, or not in time; nothing was sent.
Failure unavailable(std::string detail);
Failure too_late(std::string detail);

}  // namespace holdfast::postgres
