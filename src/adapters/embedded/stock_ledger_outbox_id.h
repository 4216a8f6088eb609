#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/money.h"

// Outbox ids, `<ms>-<n>`, as the numbers they are stored by: the upper 43 bits are the milliseconds
// (until the year 2248), the lower 20 a sequence. Numbers and ids have the same order.

namespace holdfast::embedded::ledger {

std::string outbox_id_text(std::int64_t number);
/// Nullopt for a text that is no id, or one too large to be given here.
std::optional<std::int64_t> parse_outbox_id(std::string_view text);
/// The id of an entry made at `at` after the one of number `last`: always above it, whatever the
/// time says.
std::int64_t next_outbox_id(std::int64_t last, Instant at);
/// The highest id that an entry made at `at` can have; -1 before there is any.
std::int64_t last_outbox_id_at(Instant at);
/// When the entry of this number was made.
Instant outbox_id_time(std::int64_t number);

}  // namespace holdfast::embedded::ledger
