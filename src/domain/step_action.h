#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/ids.h"

namespace holdfast {

enum class Direction { forward, reverse };

/// Causes of a reversal beside a refund, whose cause is its id.
inline constexpr std::string_view kCauseCancel = "cancel";  ///< compensation of a cancelled order
inline constexpr std::string_view kCauseLate = "late";      ///< a confirmation that came too late

/// Names one action on one step of one order, for ever: every call for it carries the same key.
struct StepAction {
  OrderId order_id;
  StepName step;
  Direction direction = Direction::forward;
  std::string cause;  ///< of a reverse: `cancel`, `late`, or the refund's id; empty for a forward

  bool operator==(const StepAction&) const = default;
  /// `<order_id>/<step>/forward` or `<order_id>/<step>/reverse/<cause>`.
  [[nodiscard]] std::string idempotency_key() const;
  /// The refund that a reverse belongs to.
  [[nodiscard]] std::optional<RefundId> refund_id() const;
};

/// What the other side's answer, or the lack of one, means.
enum class StepAnswerKind {
  done,      ///< it took place
  failed,    ///< it did not and will not
  awaiting,  ///< it was taken; a report will follow
  unknown,   ///< nobody knows
};

struct StepAnswer {
  StepAnswerKind kind = StepAnswerKind::unknown;
  bool payment_declined = false;         ///< of `failed`: the answer was 402
  std::optional<std::string> reference;  ///< the other side's name for what it did
  std::optional<std::int64_t> amount;    ///< of a reverse: minor units given back, where it says so
  std::string detail;  ///< for people: status, body, headers, or the network error
};

std::string_view to_string(Direction direction);
std::optional<Direction> parse_direction(std::string_view text);
std::string_view to_string(StepAnswerKind kind);

}  // namespace holdfast
