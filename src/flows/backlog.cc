#include "flows/backlog.h"

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

bool Backlog::is_growing_past(std::int64_t max, Instant now) const {
  return unsettled_ > max && now - *seen_at_ < limits::kStandstill &&
         now - *moved_at_ < limits::kStandstill;
}

}  // namespace holdfast::flows
