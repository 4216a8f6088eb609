#include <algorithm>

#include "adapters/embedded/stock_ledger_jobs.h"
#include "adapters/embedded/stock_ledger_limits.h"
#include "adapters/embedded/stock_ledger_sql.h"
#include "domain/defects.h"

// Changes of stock and limits that are not reservations.

namespace holdfast::embedded::ledger {
namespace {

bool is_applied(sqlite::Session& session, const ChangeId& change_id, Instant now) {
  return session.first<int>(sql::kIsApplied, change_id, now).has_value();
}

bool is_busy(sqlite::Session& session, const std::vector<StockUnits>& lines) {
  return std::any_of(lines.begin(), lines.end(), [&](const StockUnits& line) {
    return line.quantity.units > 0 &&
           session.first<bool>(sql::kLimitChanging, line.sku).value_or(false);
  });
}

/// The units of a reservation are in `reserved` exactly as long as the entry of its order is that
/// reservation's and not settled; only then do they leave it.
bool leave_reserved(sqlite::Session& session, const GiveBack& change, Instant now) {
  const auto& reservation = change.reservation;
  if (!reservation) return false;
  if (!settle_reservation(session, reservation->order_id, reservation->reservation_id, now,
                          reservation->retention)) {
    return false;
  }
  session.run(sql::kCountSettled, 1);
  return true;
}

/// A user is counted where there is a limit only, so that elsewhere this changes nothing.
void take_off_bought(sqlite::Session& session, const UserId& user_id, const StockUnits& line) {
  if (session.run(sql::kLessBought, line.sku, user_id, line.quantity) > 0) return;
  session.run(sql::kNoneBought, line.sku, user_id);
}

/// The attempt at a SKU's limit that began last; version 0 before any.
struct LastAttempt {
  std::int64_t version = 0;
  bool is_open = false;
};

LastAttempt last_attempt(sqlite::Session& session, const Sku& sku) {
  LastAttempt last;
  auto rows = session.query(sql::kLimitAttempt, sku);
  if (!rows.next()) return last;
  last.version = rows.take<std::int64_t>();
  last.is_open = rows.take<bool>();
  return last;
}

bool is_closed_for(sqlite::Session& session, const std::string& known) {
  return generation(session) != known;
}

}  // namespace

ChangeOutcome give_back(sqlite::Session& session, const GiveBack& change, Instant now) {
  if (is_closed_for(session, change.generation)) return ChangeOutcome::closed;
  if (is_busy(session, change.to_available) || is_busy(session, change.to_limit)) {
    return ChangeOutcome::busy;
  }
  if (is_applied(session, change.change_id, now) && !HF_DEFECT(give_back_twice)) {
    return ChangeOutcome::already_applied;
  }

  mark_applied(session, change.change_id, now);
  const bool was_reserved = leave_reserved(session, change, now);
  for (const auto& line : change.to_available) {
    if (line.quantity.units == 0) continue;
    session.run(sql::kAddAvailable, line.sku, line.quantity);
  }
  for (const auto& line : change.to_limit) {
    if (was_reserved && !HF_DEFECT(keep_reserved))
      session.run(sql::kLeaveReserved, line.sku, line.quantity);
    if (line.quantity.units > 0) take_off_bought(session, change.user_id, line);
  }
  forget_expired(session, now, limits::kExpiredPerCall);
  return ChangeOutcome::applied;
}

ChangeOutcome adjust(sqlite::Session& session, const Adjustment& change, Instant now) {
  if (is_closed_for(session, change.generation)) return ChangeOutcome::closed;
  if (is_applied(session, change.change_id, now) && !HF_DEFECT(adjust_twice)) {
    return ChangeOutcome::already_applied;
  }
  const ChangeId refusal{"refused:" + change.change_id.value};
  if (is_applied(session, refusal, now)) return ChangeOutcome::refused;
  const auto found = session.first<std::optional<std::int64_t>>(sql::kAvailable, change.sku);
  const std::int64_t available = found.value_or(std::nullopt).value_or(0);
  if (available + change.delta < 0) {
    // For good: the same call, come late, is not to be carried out after the shop was told.
    mark_applied(session, refusal, now);
    return ChangeOutcome::refused;
  }

  mark_applied(session, change.change_id, now);
  session.run(sql::kAddAvailable, change.sku, change.delta);
  forget_expired(session, now, limits::kExpiredPerCall);
  return ChangeOutcome::applied;
}

ChangeOutcome begin_limit_change(sqlite::Session& session, const LimitAttempt& attempt) {
  if (!generation(session)) return ChangeOutcome::closed;
  const auto last = last_attempt(session, attempt.sku);
  if (last.version > attempt.version) return ChangeOutcome::refused;
  if (last.version == attempt.version && !last.is_open) return ChangeOutcome::already_applied;
  session.run(sql::kBeginLimitChange, attempt.sku, attempt.version);
  return ChangeOutcome::applied;
}

ChangeOutcome set_limit(sqlite::Session& session, const LimitAttempt& attempt,
                        std::optional<std::int64_t> limit, const std::vector<UnitsBought>& bought) {
  if (!generation(session)) return ChangeOutcome::closed;
  const auto last = last_attempt(session, attempt.sku);
  if (last.version != attempt.version) return ChangeOutcome::refused;
  if (!last.is_open) return ChangeOutcome::already_applied;
  session.run(sql::kForgetBought, attempt.sku);
  session.run(sql::kSetLimit, attempt.sku, limit);
  if (!limit) return ChangeOutcome::applied;
  for (const auto& user : bought) {
    session.run(sql::kSetBought, attempt.sku, user.user_id, user.units);
  }
  return ChangeOutcome::applied;
}

std::vector<ChangeId> find_applied(sqlite::Session& session, const std::vector<ChangeId>& changes,
                                   Instant now) {
  std::vector<ChangeId> found;
  for (const auto& change_id : changes) {
    if (is_applied(session, change_id, now)) found.push_back(change_id);
  }
  return found;
}

void mark_applied(sqlite::Session& session, const ChangeId& change_id, Instant now) {
  session.run(sql::kMarkApplied, change_id, now + limits::kAppliedRetention);
}

}  // namespace holdfast::embedded::ledger
