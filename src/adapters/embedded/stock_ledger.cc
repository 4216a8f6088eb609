#include "adapters/embedded/stock_ledger.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "adapters/embedded/stock_ledger_jobs.h"
#include "adapters/embedded/stock_ledger_limits.h"
#include "adapters/embedded/stock_ledger_sql.h"
#include "domain/assert.h"

namespace holdfast::embedded {

namespace asio = boost::asio;
using sqlite::Session;

namespace {

template <class T>
using Answer = asio::awaitable<PortResult<T>>;

void check_units(const std::vector<StockUnits>& lines, std::int64_t least) {
  for (const auto& line : lines) HF_ASSERT(line.quantity.units >= least);
}

}  // namespace

void prepare_ledger(Session& session) {
  sqlite::migrate(session, "ledger", ledger::sql::kSchema);
}

// The clock is asked here, on the caller's loop; a job owns all it needs, never a member: the
// ledger may be gone before it runs.

EmbeddedStockLedger::EmbeddedStockLedger(asio::any_io_executor executor, sqlite::Database& database,
                                         Clock& clock)
    : executor_(std::move(executor)), database_(database), clock_(clock) {}

Answer<ReserveResult> EmbeddedStockLedger::reserve(ReserveRequest request) {
  HF_ASSERT(!request.lines.empty());
  check_units(request.lines, 1);
  return database_.perform<ReserveResult>(
      [request = std::move(request), now = clock_.now()](Session& session) {
        return ledger::reserve(session, request, now);
      });
}

Answer<std::optional<JournalEntry>> EmbeddedStockLedger::find_journal(OrderId order_id) {
  return database_.perform<std::optional<JournalEntry>>(
      [order_id, now = clock_.now()](Session& session) {
        return ledger::find_journal(session, order_id, now);
      });
}

Answer<std::vector<OutboxEntry>> EmbeddedStockLedger::read_outbox(std::string after,
                                                                  Instant not_after,
                                                                  std::size_t limit) {
  return database_.perform<std::vector<OutboxEntry>>(
      [after = std::move(after), not_after, limit](Session& session) {
        return ledger::read_outbox(session, after, not_after, limit);
      });
}

Answer<void> EmbeddedStockLedger::delete_outbox(std::vector<std::string> outbox_ids) {
  return database_.perform<void>(
      [ids = std::move(outbox_ids)](Session& session) { ledger::delete_outbox(session, ids); });
}

Answer<void> EmbeddedStockLedger::settle(std::vector<SettleMark> marks) {
  for (const auto& mark : marks) check_units(mark.lines, 0);
  return database_.perform<void>([marks = std::move(marks), now = clock_.now()](Session& session) {
    ledger::settle(session, marks, now);
  });
}

// The sweep asks this again and again, so that what expires goes where nothing is sold as well.
Answer<std::vector<JournalEntry>> EmbeddedStockLedger::read_unsettled(Instant not_after,
                                                                      std::size_t limit) {
  return database_.perform<std::vector<JournalEntry>>(
      [not_after, limit, now = clock_.now()](Session& session) {
        ledger::forget_expired(session, now, ledger::limits::kExpiredPerCall);
        return ledger::read_unsettled(session, not_after, limit);
      });
}

Answer<ChangeOutcome> EmbeddedStockLedger::give_back(GiveBack change) {
  check_units(change.to_available, 0);
  check_units(change.to_limit, 0);
  return database_.perform<ChangeOutcome>(
      [change = std::move(change), now = clock_.now()](Session& session) {
        return ledger::give_back(session, change, now);
      });
}

Answer<ChangeOutcome> EmbeddedStockLedger::adjust(Adjustment change) {
  return database_.perform<ChangeOutcome>(
      [change = std::move(change), now = clock_.now()](Session& session) {
        return ledger::adjust(session, change, now);
      });
}

Answer<ChangeOutcome> EmbeddedStockLedger::begin_limit_change(LimitAttempt attempt) {
  return database_.perform<ChangeOutcome>([attempt = std::move(attempt)](Session& session) {
    return ledger::begin_limit_change(session, attempt);
  });
}

Answer<ChangeOutcome> EmbeddedStockLedger::set_limit(LimitAttempt attempt,
                                                     std::optional<std::int64_t> limit,
                                                     std::vector<UnitsBought> bought) {
  return database_.perform<ChangeOutcome>(
      [attempt = std::move(attempt), limit, bought = std::move(bought)](Session& session) {
        return ledger::set_limit(session, attempt, limit, bought);
      });
}

Answer<std::vector<ChangeId>> EmbeddedStockLedger::find_applied(std::vector<ChangeId> changes) {
  return database_.perform<std::vector<ChangeId>>(
      [changes = std::move(changes), now = clock_.now()](Session& session) {
        return ledger::find_applied(session, changes, now);
      });
}

Answer<std::vector<SkuLevel>> EmbeddedStockLedger::levels(std::vector<Sku> skus) {
  return database_.perform<std::vector<SkuLevel>>(
      [skus = std::move(skus)](Session& session) { return ledger::levels(session, skus); });
}

Answer<std::vector<SkuLevel>> EmbeddedStockLedger::all_levels() {
  return database_.perform<std::vector<SkuLevel>>(ledger::all_levels);
}

Answer<LedgerState> EmbeddedStockLedger::state() {
  return database_.perform<LedgerState>(ledger::state);
}

Answer<void> EmbeddedStockLedger::close() {
  return database_.perform<void>([](Session& session) { session.run(ledger::sql::kClose); });
}

Answer<void> EmbeddedStockLedger::rebuild(RebuiltLedger ledger) {
  return database_.perform<void>([rebuilt = std::move(ledger), now = clock_.now()](
                                     Session& session) { ledger::rebuild(session, rebuilt, now); });
}

void EmbeddedStockLedger::on_connection(std::function<void(bool connected)> listener) {
  listener_ = std::make_shared<std::function<void(bool)>>(std::move(listener));
  asio::post(executor_, [waiting = std::weak_ptr(listener_)] {
    if (const auto told = waiting.lock()) (*told)(true);
  });
}

}  // namespace holdfast::embedded
