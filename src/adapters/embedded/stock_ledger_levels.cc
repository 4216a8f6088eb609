#include "adapters/embedded/stock_ledger_jobs.h"
#include "adapters/embedded/stock_ledger_outbox_id.h"
#include "adapters/embedded/stock_ledger_sql.h"
#include "domain/assert.h"

// What the ledger looks like at one moment, and writing it anew.

namespace holdfast::embedded::ledger {
namespace {

SkuLevel take_level(sqlite::Rows& rows) {
  SkuLevel level;
  level.sku = rows.take<Sku>();
  level.available = rows.take<std::optional<std::int64_t>>();
  level.reserved = rows.take<std::int64_t>();
  level.purchase_limit = rows.take<std::optional<std::int64_t>>();
  return level;
}

SkuLevel level_of(sqlite::Session& session, const Sku& sku) {
  auto rows = session.query(sql::kLevel, sku);
  if (rows.next()) return take_level(rows);
  SkuLevel unknown;
  unknown.sku = sku;
  return unknown;
}

void write_stock(sqlite::Session& session, const std::vector<RebuiltSku>& skus) {
  for (const auto& sku : skus) {
    session.run(sql::kWriteStock, sku.sku, sku.available, sku.purchase_limit, sku.limit_version);
    if (!sku.purchase_limit) continue;
    for (const auto& user : sku.bought) {
      session.run(sql::kSetBought, sku.sku, user.user_id, user.units);
    }
  }
}

void write_settled(sqlite::Session& session, const RebuiltLedger& ledger, Instant now) {
  for (const auto& entry : ledger.journal) {
    session.run(sql::kWriteSettled, entry.order_id, entry.reservation_id, entry.fingerprint, now,
                now + ledger.journal_retention, entry.payload);
  }
}

}  // namespace

std::vector<SkuLevel> levels(sqlite::Session& session, const std::vector<Sku>& skus) {
  std::vector<SkuLevel> levels;
  levels.reserve(skus.size());
  for (const auto& sku : skus) levels.push_back(level_of(session, sku));
  return levels;
}

std::vector<SkuLevel> all_levels(sqlite::Session& session) {
  std::vector<SkuLevel> levels;
  auto rows = session.query(sql::kAllLevels);
  while (rows.next()) levels.push_back(take_level(rows));
  return levels;
}

LedgerState state(sqlite::Session& session) {
  auto rows = session.query(sql::kState);
  HF_ASSERT(rows.next());
  LedgerState state;
  state.generation = rows.take<std::optional<std::string>>();
  state.last_outbox_id = outbox_id_text(rows.take<std::int64_t>());
  state.outbox_length = rows.take<std::int64_t>();
  state.unsettled = rows.take<std::int64_t>();
  const auto oldest = rows.take<std::optional<std::int64_t>>();
  if (oldest) state.oldest_outbox_at = outbox_id_time(*oldest);
  state.oldest_unsettled_at = rows.take<std::optional<Instant>>();
  return state;
}

std::optional<std::string> generation(sqlite::Session& session) {
  auto rows = session.query(sql::kGeneration);
  HF_ASSERT(rows.next());
  return rows.take<std::optional<std::string>>();
}

// The outbox is not touched: what is in it may not be in the queue yet.
void rebuild(sqlite::Session& session, const RebuiltLedger& ledger, Instant now) {
  if (generation(session)) sqlite::reject("the ledger is open: close it before a rebuild");
  session.run(sql::kForgetUnsettled);
  session.run(sql::kCountNoneUnsettled);
  session.run(sql::kForgetStock);
  session.run(sql::kForgetAllBought);
  write_stock(session, ledger.skus);
  for (const auto& change_id : ledger.applied) mark_applied(session, change_id, now);
  for (const auto& change_id : ledger.not_applied) session.run(sql::kForgetApplied, change_id);
  write_settled(session, ledger, now);
  session.run(sql::kOpen, ledger.generation);
}

}  // namespace holdfast::embedded::ledger
