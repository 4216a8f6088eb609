#include "flows/reconciliation.h"

#include <algorithm>
#include <map>
#include <utility>

#include "domain/change_ids.h"
#include "flows/journaled_order.h"
#include "flows/limits.h"

namespace holdfast::flows {
namespace {

using Units = std::map<Sku, std::int64_t>;

bool is_applied(const std::vector<ChangeId>& applied, const ChangeId& change) {
  return std::find(applied.begin(), applied.end(), change) != applied.end();
}

std::vector<SkuBalance> balances(const std::vector<StockRow>& rows,
                                 const std::vector<SkuLevel>& levels, const Units& in_transit) {
  std::map<Sku, SkuBalance> by_sku;
  for (const auto& row : rows) {
    auto& balance = by_sku[row.sku];
    balance.loaded = row.loaded;
    balance.sold = row.sold;
    balance.returned = row.returned;
    balance.on_hand = row.on_hand();
  }
  for (const auto& level : levels) {
    auto& balance = by_sku[level.sku];
    balance.available = level.available.value_or(0);
    balance.reserved = level.reserved;
  }
  for (const auto& [sku, units] : in_transit) by_sku[sku].in_transit = units;
  std::vector<SkuBalance> result;
  for (auto& [sku, balance] : by_sku) {
    balance.sku = sku;
    balance.difference =
        balance.on_hand - balance.available - balance.reserved - balance.in_transit;
    result.push_back(balance);
  }
  return result;
}

}  // namespace

boost::asio::awaitable<Outcome<Reconciliation::Transit>> Reconciliation::read_transit() {
  Transit transit;
  // Whatever clocks they were begun by.
  const auto whenever = ports_.clock.now() + limits::kAnyClock;
  const auto unreleased =
      co_await ports_.book.unreleased_refunds(whenever, limits::kUnsettledForLimit);
  if (!unreleased) co_return unavailable_book(unreleased.error());
  const auto cancelled =
      co_await ports_.book.unreleased_orders(whenever, limits::kUnsettledForLimit);
  if (!cancelled) co_return unavailable_book(cancelled.error());
  const auto pending =
      co_await ports_.book.pending_stock_changes(whenever, limits::kUnsettledForLimit);
  if (!pending) co_return unavailable_book(pending.error());
  std::vector<ChangeId> changes;
  for (const auto& item : *unreleased) changes.push_back(refund_change(item.refund.id));
  for (const auto& order : *cancelled) changes.push_back(reservation_change(order.reservation_id));
  for (const auto& change : *pending) changes.push_back(adjustment_change(change.change_id.value));
  const auto applied = co_await ports_.ledger.find_applied(changes);
  if (!applied) co_return unavailable_ledger(applied.error());
  for (const auto& item : *unreleased) {
    if (is_applied(*applied, refund_change(item.refund.id))) continue;
    for (const auto& line : item.refund.lines) {
      if (line.restock) transit.units[line.sku] += line.quantity.units;
    }
  }
  for (const auto& order : *cancelled) {
    if (is_applied(*applied, reservation_change(order.reservation_id))) continue;
    // A reservation that is not settled holds its units in `reserved` until they come back.
    const auto entry = co_await ports_.ledger.find_journal(order.id);
    if (!entry) co_return unavailable_ledger(entry.error());
    const bool is_reserved =
        *entry && !(*entry)->settled && (*entry)->reservation_id == order.reservation_id;
    if (is_reserved) continue;
    for (const auto& line : order.lines) {
      transit.units[line.sku] += (line.quantity - line.kept_off_sale).units;
    }
  }
  for (const auto& change : *pending) {
    // A gain is in the book before it is in the ledger, a loss in the ledger before the book.
    const bool in_ledger = is_applied(*applied, adjustment_change(change.change_id.value));
    const bool gain = change.delta > 0;
    if (gain != in_ledger)
      transit.units[change.sku] += change.delta > 0 ? change.delta : -change.delta;
  }
  transit.refunds = static_cast<std::int64_t>(unreleased->size() + cancelled->size());
  transit.changes = static_cast<std::int64_t>(pending->size());
  co_return transit;
}

boost::asio::awaitable<Outcome<ReconciliationReport>> Reconciliation::read_once() {
  ReconciliationReport report;
  report.at = ports_.clock.now();
  const auto state = co_await ports_.ledger.state();
  if (!state) co_return unavailable_ledger(state.error());
  const auto levels = co_await ports_.ledger.all_levels();
  if (!levels) co_return unavailable_ledger(levels.error());
  const auto rows = co_await ports_.book.all_stock();
  if (!rows) co_return unavailable_book(rows.error());
  const auto transit = co_await read_transit();
  if (!transit) co_return tl::unexpected(transit.error());
  report.skus = balances(*rows, *levels, transit->units);
  report.generation = state->generation.value_or("");
  report.in_flight.outbox = state->outbox_length;
  report.in_flight.unsettled = state->unsettled;
  report.in_flight.unreleased_refunds = transit->refunds;
  report.in_flight.pending_changes = transit->changes;
  const auto depth = co_await ports_.bus.depth(queues::orders);
  report.in_flight.queued_messages = depth ? static_cast<std::int64_t>(depth->ready) : -1;
  report.balanced = state->generation.has_value() &&
                    std::all_of(report.skus.begin(), report.skus.end(), [](const auto& balance) {
                      return balance.difference == 0 && balance.available >= 0;
                    });
  co_return report;
}

boost::asio::awaitable<Outcome<ReconciliationReport>> Reconciliation::report() {
  // The stores are not read at one moment: under traffic some looks fall between two writes.
  const auto until = ports_.clock.now() + limits::kReconcilePatience;
  for (int looks = 1;; ++looks) {
    auto report = co_await read_once();
    const bool is_patient = looks < limits::kReconcileLooks || ports_.clock.now() < until;
    if (!report || report->balanced || !is_patient) co_return report;
    co_await ports_.clock.sleep(limits::kReconcilePoll);
  }
}

}  // namespace holdfast::flows
