#pragma once

#include <string>

#include "ports/errors.h"

struct sqlite3;

namespace holdfast::sqlite {

/// Thrown by statements, inside of a job: its changes are undone, so the effect is none. A
/// `constraint` undoes the job alone; the others may undo the jobs written with it.
struct Failure {
  PortErrorKind kind = PortErrorKind::unavailable;
  std::string detail;
};

/// The failure that `code` of `connection` stands for (sqlite.org/rescode.html).
Failure failure_of(sqlite3* connection, int code, const char* what);

/// What a job throws to refuse its request: `rejected`, without effect.
[[noreturn]] void reject(std::string detail);

}  // namespace holdfast::sqlite
