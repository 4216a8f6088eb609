#include <utility>

#include "adapters/embedded/stock_ledger_jobs.h"
#include "adapters/embedded/stock_ledger_outbox_id.h"
#include "adapters/embedded/stock_ledger_sql.h"
#include "domain/assert.h"
#include "domain/defects.h"

// Taking stock for one order. The path that every order takes, so each statement of it counts:
// most find enough of everything and no limits, and take their lines without reading them first.

namespace holdfast::embedded::ledger {
namespace {

/// What the ledger says before it looks at stock.
struct Head {
  bool is_open = false;
  std::int64_t last_outbox_id = 0;
  std::int64_t outbox_length = 0;
  std::optional<JournalEntry> entry;
  bool has_expired_entry = false;
};

/// What it says of one line's SKU.
struct Stock {
  std::optional<std::int64_t> available;
  std::optional<std::int64_t> purchase_limit;
  bool limit_changing = false;
};

Head read_head(sqlite::Session& session, const ReserveRequest& request, Instant now) {
  auto rows = session.query(sql::kReserveHead, request.order_id, request.generation);
  HF_ASSERT(rows.next());
  Head head;
  head.is_open = rows.take<bool>();
  head.last_outbox_id = rows.take<std::int64_t>();
  head.outbox_length = rows.take<std::int64_t>();
  const auto reservation_id = rows.take<std::optional<ReservationId>>();
  if (!reservation_id) return head;
  auto fingerprint = rows.take<std::string>();
  const auto expires_at = rows.take<std::optional<Instant>>();
  head.has_expired_entry = expires_at && *expires_at <= now;
  if (head.has_expired_entry) return head;
  head.entry = JournalEntry{request.order_id, *reservation_id, std::move(fingerprint),
                            expires_at.has_value(), rows.take<std::string>()};
  return head;
}

/// The answer for an order that the journal has.
ReserveResult known(const ReserveRequest& request, JournalEntry entry) {
  ReserveResult result;
  result.outcome = entry.fingerprint == request.fingerprint ? ReserveOutcome::replayed
                                                            : ReserveOutcome::conflict;
  result.journal = std::move(entry);
  return result;
}

ReserveResult with_outcome(ReserveOutcome outcome) {
  ReserveResult result;
  result.outcome = outcome;
  return result;
}

std::vector<Stock> read_stock(sqlite::Session& session, const std::vector<StockUnits>& lines) {
  std::vector<Stock> stock(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto rows = session.query(sql::kStockOfLine, lines[i].sku);
    if (!rows.next()) continue;
    stock[i].available = rows.take<std::optional<std::int64_t>>();
    stock[i].purchase_limit = rows.take<std::optional<std::int64_t>>();
    stock[i].limit_changing = rows.take<bool>();
  }
  return stock;
}

/// The first reason in order of precedence, limits apart, for which the lines cannot be had.
std::optional<ReserveResult> refusal(const std::vector<StockUnits>& lines,
                                     const std::vector<Stock>& stock) {
  ReserveResult result;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto& line = lines[i];
    if (stock[i].limit_changing) return with_outcome(ReserveOutcome::busy);
    if (!stock[i].available) {
      result.unknown_skus.push_back(line.sku);
    } else if (*stock[i].available < line.quantity.units) {
      result.shortages.push_back({line.sku, line.quantity, Quantity{*stock[i].available}});
    }
  }
  if (!result.unknown_skus.empty()) {
    result.outcome = ReserveOutcome::unknown_sku;
    result.shortages.clear();
    return result;
  }
  if (result.shortages.empty()) return std::nullopt;
  result.outcome = ReserveOutcome::out_of_stock;
  return result;
}

/// The first line that would take its user past the SKU's limit.
std::optional<LimitBreach> limit_breach(sqlite::Session& session, const ReserveRequest& request,
                                        const std::vector<Stock>& stock) {
  for (std::size_t i = 0; i < request.lines.size(); ++i) {
    if (!stock[i].purchase_limit) continue;
    const auto& line = request.lines[i];
    const auto bought =
        session.first<std::int64_t>(sql::kUnitsBought, line.sku, request.user_id).value_or(0);
    if (bought + line.quantity.units > *stock[i].purchase_limit) {
      return LimitBreach{line.sku, Quantity{*stock[i].purchase_limit}, Quantity{bought}};
    }
  }
  return std::nullopt;
}

/// Takes every line, or none: false when one of them needs a closer look.
bool take_at_once(sqlite::Session& session, const std::vector<StockUnits>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (session.run(sql::kTakeAtOnce, lines[i].sku, lines[i].quantity) > 0) continue;
    while (i-- > 0) session.run(sql::kPutBack, lines[i].sku, lines[i].quantity);
    return false;
  }
  return true;
}

/// Takes every line and counts it towards its limit, or says why none can be had. All is read and
/// judged before the first write.
std::optional<ReserveResult> take_or_refuse(sqlite::Session& session,
                                            const ReserveRequest& request) {
  const auto stock = read_stock(session, request.lines);
  if (auto reason = refusal(request.lines, stock)) return reason;
  if (request.append_to_outbox && !HF_DEFECT(ignore_limits)) {
    auto result = with_outcome(ReserveOutcome::limit_exceeded);
    result.limit = limit_breach(session, request, stock);
    if (result.limit) return result;
  }
  for (std::size_t i = 0; i < request.lines.size(); ++i) {
    const auto& line = request.lines[i];
    session.run(sql::kTake, line.sku, line.quantity);
    if (!stock[i].purchase_limit) continue;
    session.run(sql::kCountBought, line.sku, request.user_id, line.quantity);
  }
  return std::nullopt;
}

/// Writes journal and outbox. Returns the id of the outbox entry, "" without one.
std::string record(sqlite::Session& session, const ReserveRequest& request, const Head& head) {
  if (head.has_expired_entry) session.run(sql::kDeleteJournal, request.order_id);
  session.run(sql::kWriteReservation, request.order_id, request.reservation_id, request.fingerprint,
              request.at, request.payload);
  if (!request.append_to_outbox) {
    session.run(sql::kCountReserved);
    return {};
  }
  const auto outbox_id = next_outbox_id(head.last_outbox_id, request.at);
  session.run(sql::kAppendOutbox, outbox_id, request.payload);
  session.run(sql::kCountAppended, outbox_id);
  return outbox_id_text(outbox_id);
}

}  // namespace

ReserveResult reserve(sqlite::Session& session, const ReserveRequest& request, Instant now) {
  auto head = read_head(session, request, now);
  if (!head.is_open && !HF_DEFECT(ignore_generation)) return with_outcome(ReserveOutcome::closed);
  if (HF_DEFECT(skip_repeat_check) && head.entry && request.append_to_outbox) {
    session.run(sql::kDeleteJournal, request.order_id);
    head.entry.reset();
  }
  if (HF_DEFECT(stock_before_repeat)) {
    if (auto refused = refusal(request.lines, read_stock(session, request.lines))) return *refused;
  }
  if (head.entry) return known(request, *std::move(head.entry));
  if (request.append_to_outbox && head.outbox_length >= request.outbox_max) {
    return with_outcome(ReserveOutcome::outbox_full);
  }
  if (!take_at_once(session, request.lines)) {
    if (auto refused = take_or_refuse(session, request)) return *std::move(refused);
  }
  auto result = with_outcome(ReserveOutcome::reserved);
  result.outbox_id = record(session, request, head);
  return result;
}

}  // namespace holdfast::embedded::ledger
