#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ports/stock_ledger.h"

namespace holdfast::redis {

// A journal entry in Redis is a string that a person can read and a script can cut:
//
//   R <fingerprint: 64> <reservation id: 36> <payload>
//
// `R` is a reservation, `S` a settled one. The widths are fixed, so that settling is one SETRANGE
// of the first byte; the scripts know the same offsets.

inline constexpr std::size_t kFingerprintAt = 2;
inline constexpr std::size_t kFingerprintSize = 64;
inline constexpr std::size_t kReservationAt = kFingerprintAt + kFingerprintSize + 1;
inline constexpr std::size_t kReservationSize = 36;
inline constexpr std::size_t kPayloadAt = kReservationAt + kReservationSize + 1;

std::string format_journal_entry(const JournalEntry& entry);
/// nullopt when `text` is none.
std::optional<JournalEntry> parse_journal_entry(OrderId order_id, std::string_view text);

}  // namespace holdfast::redis
