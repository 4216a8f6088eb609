#include "adapters/redis/journal_entry.h"

#include "domain/assert.h"

namespace holdfast::redis {

std::string format_journal_entry(const JournalEntry& entry) {
  HF_ASSERT(entry.fingerprint.size() == kFingerprintSize);
  std::string text(entry.settled ? "S " : "R ");
  text.reserve(kPayloadAt + entry.payload.size());
  text.append(entry.fingerprint).append(" ");
  text.append(entry.reservation_id.to_string()).append(" ").append(entry.payload);
  return text;
}

std::optional<JournalEntry> parse_journal_entry(OrderId order_id, std::string_view text) {
  if (text.size() < kPayloadAt || (text[0] != 'R' && text[0] != 'S')) return std::nullopt;
  const auto reservation = ReservationId::parse(text.substr(kReservationAt, kReservationSize));
  if (!reservation) return std::nullopt;
  JournalEntry entry;
  entry.order_id = order_id;
  entry.reservation_id = *reservation;
  entry.fingerprint = std::string(text.substr(kFingerprintAt, kFingerprintSize));
  entry.settled = text[0] == 'S';
  entry.payload = std::string(text.substr(kPayloadAt));
  return entry;
}

}  // namespace holdfast::redis
