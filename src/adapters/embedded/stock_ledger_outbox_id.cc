#include "adapters/embedded/stock_ledger_outbox_id.h"

#include <algorithm>
#include <charconv>

namespace holdfast::embedded::ledger {
namespace {

constexpr int kSequenceBits = 20;
constexpr std::int64_t kMaxSequence = (std::int64_t{1} << kSequenceBits) - 1;
constexpr std::int64_t kMaxMs = (std::int64_t{1} << 43) - 1;

/// Digits and nothing else, not above `most`.
std::optional<std::int64_t> number_of(std::string_view text, std::int64_t most) {
  std::int64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end || value < 0 || value > most) return std::nullopt;
  return value;
}

}  // namespace

std::string outbox_id_text(std::int64_t number) {
  return std::to_string(number >> kSequenceBits) + '-' + std::to_string(number & kMaxSequence);
}

std::optional<std::int64_t> parse_outbox_id(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto ms = number_of(text.substr(0, dash), kMaxMs);
  const auto sequence = number_of(text.substr(dash + 1), kMaxSequence);
  if (!ms || !sequence) return std::nullopt;
  return (*ms << kSequenceBits) | *sequence;
}

std::int64_t next_outbox_id(std::int64_t last, Instant at) {
  const auto ms = std::clamp<std::int64_t>(at.time_since_epoch().count(), 0, kMaxMs);
  return std::max(last + 1, ms << kSequenceBits);
}

std::int64_t last_outbox_id_at(Instant at) {
  const auto ms = at.time_since_epoch().count();
  if (ms < 0) return -1;
  return (std::min(ms, kMaxMs) << kSequenceBits) | kMaxSequence;
}

Instant outbox_id_time(std::int64_t number) {
  return Instant{Milliseconds{number >> kSequenceBits}};
}

}  // namespace holdfast::embedded::ledger
