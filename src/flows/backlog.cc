#include "flows/backlog.h"

#include <algorithm>

#include "flows/limits.h"

namespace holdfast::flows {

void Backlog::saw(const LedgerState& state, Instant now) {
  const bool moved =
      !state.oldest_unsettled_at || !oldest_ || *state.oldest_unsettled_at > *oldest_;
  if (moved) moved_at_ = now;
  unsettled_ = state.unsettled;
  oldest_ = state.oldest_unsettled_at;
  seen_at_ = now;
}

bool Backlog::is_being_settled(Instant now) const {
  return seen_at_ && now - *seen_at_ < limits::kStandstill &&
         now - *moved_at_ < limits::kStandstill;
}

double Backlog::room(std::int64_t max, Instant now) const {
  if (2 * unsettled_ <= max || !is_being_settled(now)) return 1;
  const auto part = static_cast<double>(max - unsettled_) / (static_cast<double>(max) / 2);
  return std::clamp(part, 0.0, 1.0);
}

}  // namespace holdfast::flows
