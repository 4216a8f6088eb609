#include "domain/assert.h"

#include <cstdio>
#include <cstdlib>

namespace holdfast {

void assertion_failed(const char* expression, std::source_location where) {
  std::fprintf(stderr, "holdfast: assertion failed: %s at %s:%u in %s\n", expression,
               where.file_name(), where.line(), where.function_name());
  std::abort();
}

}  // namespace holdfast
