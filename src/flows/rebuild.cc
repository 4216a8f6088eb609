#include "flows/rebuild.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "domain/defects.h"
#include "flows/journaled_order.h"
#include "flows/ledger_guard.h"
#include "flows/limits.h"
#include "flows/outgoing.h"

namespace holdfast::flows {
namespace {

RebuiltLedger ledger_from(BookSnapshot snapshot, std::string generation, Milliseconds retention) {
  RebuiltLedger ledger;
  ledger.generation = std::move(generation);
  ledger.journal_retention = retention;
  ledger.skus.reserve(snapshot.skus.size());
  for (auto& sku : snapshot.skus) {
    const auto available = HF_DEFECT(rebuild_from_loaded) ? sku.stock.loaded : sku.stock.on_hand();
    ledger.skus.push_back(RebuiltSku{std::move(sku.stock.sku), available, sku.stock.purchase_limit,
                                     std::move(sku.bought), sku.stock.limit_version});
  }
  if (!HF_DEFECT(forget_counted_changes)) ledger.applied = std::move(snapshot.counted);
  ledger.not_applied = std::move(snapshot.not_counted);
  ledger.journal = std::move(snapshot.recent);
  return ledger;
}

}  // namespace

boost::asio::awaitable<Outcome<bool>> Rebuild::run(std::string cause) {
  const auto leads = co_await ports_.book.try_leadership();
  if (!leads) co_return unavailable_book(leads.error());
  if (!*leads) co_return false;
  auto result = co_await run_as_leader(std::move(cause));
  static_cast<void>(co_await ports_.book.end_leadership());
  co_return result;
}

boost::asio::awaitable<Outcome<bool>> Rebuild::run_as_leader(std::string cause) {
  const auto begun = ports_.clock.now();
  spdlog::warn("rebuilding the ledger from the book, sales are closed: {}", cause);
  const auto closed = co_await ports_.ledger.close();
  if (!closed) co_return unavailable_ledger(closed.error());
  co_await drain();
  const auto state = co_await ports_.ledger.state();
  if (!state) co_return unavailable_ledger(state.error());
  auto generation = generation_token(ports_.ids.next().to_string(), state->incarnation);
  auto snapshot = co_await ports_.book.begin_generation(
      generation, ports_.clock.now() - options_.journal_retention, limits::kRestoredJournal);
  if (!snapshot) co_return unavailable_book(snapshot.error());
  const auto skus = snapshot->skus.size();
  auto ledger = ledger_from(std::move(*snapshot), generation, options_.journal_retention);
  const auto rebuilt = co_await ports_.ledger.rebuild(std::move(ledger));
  if (!rebuilt) co_return unavailable_ledger(rebuilt.error());
  const auto took = ports_.clock.now() - begun;
  spdlog::warn("the ledger is rebuilt: {} SKUs under generation {} in {} ms, sales are open", skus,
               generation, took.count());
  AuditEntry entry{"holdfast", "ledger.rebuild", std::move(cause), ports_.clock.now()};
  static_cast<void>(co_await ports_.book.record_audit(std::move(entry)));
  co_return true;
}

boost::asio::awaitable<void> Rebuild::drain() {
  // Draining spares in-flight orders from taking their stock anew; what does not drain in time
  // (a paused worker, a long backlog) is settled as of an older generation and does so then.
  const auto until = ports_.clock.now() + limits::kDrainDeadline;
  while (ports_.clock.now() < until) {
    const auto state = co_await ports_.ledger.state();
    const bool outbox_empty = state && state->outbox_length == 0;
    const auto depth = co_await ports_.bus.depth(queues::orders);
    if (outbox_empty && depth && depth->ready == 0) co_return;
    co_await ports_.clock.sleep(limits::kDrainPoll);
  }
  spdlog::warn("outbox and queue did not drain in {} ms, going on", limits::kDrainDeadline.count());
}

}  // namespace holdfast::flows
