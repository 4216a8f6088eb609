#include "domain/step_action.h"

#include <array>

#include "domain/assert.h"
#include "domain/parse_enum.h"

namespace holdfast {

std::string StepAction::idempotency_key() const {
  std::string key = order_id.to_string() + "/" + step.value + "/";
  key += to_string(direction);
  if (direction == Direction::reverse) key += "/" + cause;
  return key;
}

std::optional<RefundId> StepAction::refund_id() const {
  return direction == Direction::reverse ? RefundId::parse(cause) : std::nullopt;
}

std::string_view to_string(Direction direction) {
  switch (direction) {
    case Direction::forward: return "forward";
    case Direction::reverse: return "reverse";
  }
  HF_UNREACHABLE("no known direction");
}

std::optional<Direction> parse_direction(std::string_view text) {
  constexpr std::array kDirections{Direction::forward, Direction::reverse};
  return parse_enum(kDirections, text);
}

std::string_view to_string(StepAnswerKind kind) {
  switch (kind) {
    case StepAnswerKind::done: return "done";
    case StepAnswerKind::failed: return "failed";
    case StepAnswerKind::awaiting: return "awaiting";
    case StepAnswerKind::unknown: return "unknown";
  }
  HF_UNREACHABLE("no known kind of answer");
}

}  // namespace holdfast
