#include "ports/errors.h"

#include "domain/assert.h"

namespace holdfast {

std::string_view to_string(Effect effect) {
  switch (effect) {
    case Effect::none: return "no effect";
    case Effect::happened: return "effect happened";
    case Effect::unknown: return "effect unknown";
  }
  HF_ASSERT(false);
}

std::string_view to_string(PortErrorKind kind) {
  switch (kind) {
    case PortErrorKind::unavailable: return "unavailable";
    case PortErrorKind::timed_out: return "timed out";
    case PortErrorKind::constraint: return "constraint";
    case PortErrorKind::rejected: return "rejected";
  }
  HF_ASSERT(false);
}

}  // namespace holdfast
