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
  /// More than `max` orders wait, and settlement goes on: it is too slow for what comes. Where it
  /// stands still, as without PostgreSQL, orders are taken all the same, up to what the outbox and
  /// the queue hold.
  [[nodiscard]] bool is_growing_past(std::int64_t max, Instant now) const;

 private:
  std::int64_t unsettled_ = 0;
  std::optional<Instant> oldest_;
  std::optional<Instant> seen_at_;
  std::optional<Instant> moved_at_;  ///< when the oldest was last seen to be another one
};

}  // namespace holdfast::flows
