#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "adapters/redis/reply.h"
#include "ports/stock_ledger.h"

namespace holdfast::redis {

// From the replies of the scripts and commands to the port's results. An error reply becomes a
// PortError; a reply of another shape than the script's header says throws UnexpectedReply.

/// What an error reply says about the effect. A plain command that is refused had none. A script
/// that the server refused to run, or that was stopped at its first write, had none either (Redis
/// checks memory, replica and disk before the first write and never after it); any other error
/// inside a script may come half-way.
enum class Sent { command, script };
PortError error_of(ReplyView error, Sent sent);
bool is_no_script(ReplyView reply);

ReserveResult reserve_result(OrderId order_id, ReplyView reply);
ChangeOutcome change_outcome(ReplyView reply);
std::optional<JournalEntry> journal_entry(OrderId order_id, ReplyView reply);
std::vector<OutboxEntry> outbox_entries(ReplyView reply);
LedgerState ledger_state(ReplyView reply);
/// Levels of `skus`, appended to `levels`.
void append_levels(const std::vector<Sku>& skus, std::size_t first, ReplyView reply,
                   std::vector<SkuLevel>& levels);

}  // namespace holdfast::redis
