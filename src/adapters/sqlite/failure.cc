#include "adapters/sqlite/failure.h"

#include <sqlite3.h>

#include <utility>

namespace holdfast::sqlite {

Failure failure_of(sqlite3* connection, int code, const char* what) {
  const bool constraint = (code & 0xff) == SQLITE_CONSTRAINT;
  Failure failure;
  failure.kind = constraint ? PortErrorKind::constraint : PortErrorKind::unavailable;
  failure.detail = std::string("SQLite: ") + what + ": " +
                   (connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code));
  return failure;
}

void reject(std::string detail) {
  throw Failure{PortErrorKind::rejected, std::move(detail)};
}

}  // namespace holdfast::sqlite
