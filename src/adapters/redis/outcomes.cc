#include "adapters/redis/outcomes.h"

#include <algorithm>
#include <array>

#include "adapters/redis/journal_entry.h"

namespace holdfast::redis {
namespace {

Instant instant_of(std::int64_t ms) {
  return Instant{Milliseconds{ms}};
}

JournalEntry required_entry(OrderId order_id, ReplyView reply) {
  auto entry = parse_journal_entry(order_id, reply.text());
  if (!entry) throw UnexpectedReply("not a journal entry");
  return *std::move(entry);
}

std::vector<Sku> skus_after_name(ReplyView reply) {
  std::vector<Sku> skus;
  for (std::size_t i = 1; i < reply.size(); ++i) skus.push_back(Sku{std::string(reply[i].text())});
  return skus;
}

std::vector<Shortage> shortages(ReplyView reply) {
  std::vector<Shortage> all;
  for (std::size_t i = 1; i < reply.size(); i += 3) {
    all.push_back(Shortage{Sku{std::string(reply[i].text())}, Quantity{reply[i + 1].integer()},
                           Quantity{reply[i + 2].integer()}});
  }
  return all;
}

}  // namespace

PortError error_of(ReplyView error, Sent sent) {
  static constexpr std::array<std::string_view, 10> kRefused = {
      "OOM",  "READONLY", "LOADING",    "MISCONF",     "NOREPLICAS",
      "BUSY", "NOAUTH",   "MASTERDOWN", "CLUSTERDOWN", "NOSCRIPT"};
  const auto text = error.text();
  const auto code = text.substr(0, text.find(' '));
  PortError result{PortErrorKind::rejected, Effect::none, "Redis: " + std::string(text)};
  if (std::find(kRefused.begin(), kRefused.end(), code) != kRefused.end()) {
    result.kind = PortErrorKind::unavailable;
  } else if (sent == Sent::script) {
    result.effect = Effect::unknown;
  }
  return result;
}

bool is_no_script(ReplyView reply) {
  return reply.is_error() && reply.text().starts_with("NOSCRIPT");
}

ReserveResult reserve_result(OrderId order_id, ReplyView reply) {
  ReserveResult result;
  if (!reply.is_array()) {
    result.outcome = ReserveOutcome::reserved;
    result.outbox_id = std::string(reply.text());
    return result;
  }
  const auto name = reply[0].text();
  if (name == "closed") {
    result.outcome = ReserveOutcome::closed;
  } else if (name == "replayed" || name == "conflict") {
    result.outcome = name == "replayed" ? ReserveOutcome::replayed : ReserveOutcome::conflict;
    result.journal = required_entry(order_id, reply[1]);
  } else if (name == "outbox_full") {
    result.outcome = ReserveOutcome::outbox_full;
  } else if (name == "busy") {
    result.outcome = ReserveOutcome::busy;
  } else if (name == "unknown_sku") {
    result.outcome = ReserveOutcome::unknown_sku;
    result.unknown_skus = skus_after_name(reply);
  } else if (name == "out_of_stock") {
    result.outcome = ReserveOutcome::out_of_stock;
    result.shortages = shortages(reply);
  } else if (name == "limit_exceeded") {
    result.outcome = ReserveOutcome::limit_exceeded;
    result.limit = LimitBreach{Sku{std::string(reply[1].text())}, Quantity{reply[2].integer()},
                               Quantity{reply[3].integer()}};
  } else {
    throw UnexpectedReply("not an outcome of reserve");
  }
  return result;
}

ChangeOutcome change_outcome(ReplyView reply) {
  const auto name = reply.text();
  if (name == "closed") return ChangeOutcome::closed;
  if (name == "busy") return ChangeOutcome::busy;
  if (name == "already_applied") return ChangeOutcome::already_applied;
  if (name == "refused") return ChangeOutcome::refused;
  if (name == "applied") return ChangeOutcome::applied;
  throw UnexpectedReply("not an outcome of a change");
}

std::optional<JournalEntry> journal_entry(OrderId order_id, ReplyView reply) {
  if (reply.is_nil()) return std::nullopt;
  return required_entry(order_id, reply);
}

std::vector<OutboxEntry> outbox_entries(ReplyView reply) {
  std::vector<OutboxEntry> entries;
  entries.reserve(reply.size());
  for (std::size_t i = 0; i < reply.size(); ++i) {
    entries.push_back(
        OutboxEntry{std::string(reply[i][0].text()), std::string(reply[i][1][1].text())});
  }
  return entries;
}

LedgerState ledger_state(ReplyView reply) {
  LedgerState state;
  if (!reply[0].is_nil()) state.generation = std::string(reply[0].text());
  state.last_outbox_id = std::string(reply[1].text());
  state.outbox_length = reply[2].integer();
  if (!reply[3].is_nil()) {
    const auto id = reply[3].text();
    std::int64_t ms = 0;
    std::from_chars(id.data(), id.data() + id.size(), ms);  // ends at the '-'
    state.oldest_outbox_at = instant_of(ms);
  }
  state.unsettled = reply[4].integer();
  if (!reply[5].is_nil()) state.oldest_unsettled_at = instant_of(reply[5].integer());
  return state;
}

void append_levels(const std::vector<Sku>& skus, std::size_t first, ReplyView reply,
                   std::vector<SkuLevel>& levels) {
  const auto available = reply[0];
  const auto reserved = reply[1];
  const auto limits = reply[2];
  for (std::size_t i = 0; i < available.size(); ++i) {
    SkuLevel level;
    level.sku = skus[first + i];
    if (!available[i].is_nil()) level.available = available[i].integer();
    if (!reserved[i].is_nil()) level.reserved = reserved[i].integer();
    if (!limits[i].is_nil() && limits[i].text() != "busy") {
      level.purchase_limit = limits[i].integer();
    }
    levels.push_back(std::move(level));
  }
}

}  // namespace holdfast::redis
