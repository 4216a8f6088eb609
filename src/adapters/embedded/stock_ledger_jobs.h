#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/session.h"
#include "ports/stock_ledger.h"

// What each call of the ledger does inside its job, on the writer's executor. `now` is the clock's
// at the time of the call. All throw sqlite::Failure.

namespace holdfast::embedded::ledger {

ReserveResult reserve(sqlite::Session& session, const ReserveRequest& request, Instant now);

std::optional<JournalEntry> find_journal(sqlite::Session& session, OrderId order_id, Instant now);
std::vector<JournalEntry> read_unsettled(sqlite::Session& session, Instant not_after,
                                         std::size_t limit);
void settle(sqlite::Session& session, const std::vector<SettleMark>& marks, Instant now);
/// Turns an entry settled, to be kept for `retention`. False when it is missing, of another
/// reservation, or settled already: then nothing is changed. Its units stay in `reserved`.
bool settle_reservation(sqlite::Session& session, OrderId order_id, ReservationId reservation_id,
                        Instant now, Milliseconds retention);
/// Deletes up to `count` of the journal entries, and as many marks of changes, that are past their
/// time.
void forget_expired(sqlite::Session& session, Instant now, std::size_t count);

std::vector<OutboxEntry> read_outbox(sqlite::Session& session, const std::string& after,
                                     Instant not_after, std::size_t limit);
void delete_outbox(sqlite::Session& session, const std::vector<std::string>& outbox_ids);

ChangeOutcome give_back(sqlite::Session& session, const GiveBack& change, Instant now);
ChangeOutcome adjust(sqlite::Session& session, const Adjustment& change, Instant now);
ChangeOutcome begin_limit_change(sqlite::Session& session, const LimitAttempt& attempt);
ChangeOutcome set_limit(sqlite::Session& session, const LimitAttempt& attempt,
                        std::optional<std::int64_t> limit, const std::vector<UnitsBought>& bought);
std::vector<ChangeId> find_applied(sqlite::Session& session, const std::vector<ChangeId>& changes,
                                   Instant now);
/// Remembers that a change was made.
void mark_applied(sqlite::Session& session, const ChangeId& change_id, Instant now);

std::vector<SkuLevel> levels(sqlite::Session& session, const std::vector<Sku>& skus);
std::vector<SkuLevel> all_levels(sqlite::Session& session);
LedgerState state(sqlite::Session& session);
/// Unset: closed.
std::optional<std::string> generation(sqlite::Session& session);

void rebuild(sqlite::Session& session, const RebuiltLedger& ledger, Instant now);

}  // namespace holdfast::embedded::ledger
