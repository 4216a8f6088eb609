#pragma once

#include <cstdint>
#include <optional>

#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// How far settlement is behind what was accepted, as looks at the ledger show it. Belongs to one
/// loop.
class Backlog {
 public:
  void saw(const LedgerState& state, Instant now);

  /// Orders accepted and not settled, as last seen.
  [[nodiscard]] std::int64_t unsettled() const { return unsettled_; }
  /// The part, 0 to 1, of what can be taken that should be, so that no more than `max` orders wait:
  /// all while half as many wait, less and less above that. Where settlement stands still, as
  /// without PostgreSQL, all is taken, up to what the outbox and the queue hold.
  [[nodiscard]] double room(std::int64_t max, Instant now) const;

 private:
  [[nodiscard]] bool is_being_settled(Instant now) const;

  std::int64_t unsettled_ = 0;
  std::optional<Instant> oldest_;
  std::optional<Instant> seen_at_;
  std::optional<Instant> moved_at_;  ///< when the oldest was last seen to be another one
};

}  // namespace holdfast::flows
