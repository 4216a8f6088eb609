#include "flows/ledger_guard.h"

#include <utility>

#include "flows/limits.h"

namespace holdfast::flows {

LedgerGuard::LedgerGuard(StockLedger& ledger, OrderBook& book, Clock& clock)
    : ledger_(ledger), book_(book), clock_(clock) {
  ledger_.on_connection([this](bool connected) {
    doubt(connected ? "the connection to Redis is new" : "the connection to Redis was lost");
  });
}

void LedgerGuard::saw(const std::string& outbox_id) {
  if (outbox_id_less(high_water_, outbox_id)) high_water_ = outbox_id;
}

void LedgerGuard::doubt(std::string because) {
  ++doubts_;
  close(std::move(because), needs_rebuild_);
}

void LedgerGuard::adopt(const std::string& generation) {
  if (generation != last_generation_) high_water_.clear();
  generation_ = generation;
  last_generation_ = generation;
  needs_rebuild_ = false;
  closed_because_.clear();
}

void LedgerGuard::close(std::string because, bool rebuild) {
  generation_.reset();
  closed_because_ = std::move(because);
  needs_rebuild_ = rebuild;
}

void LedgerGuard::compare_with_book(const LedgerState& state,
                                    const std::optional<LedgerRecord>& record) {
  if (!record) return close("the ledger was never built from the book", true);
  if (!state.generation) return close("Redis has no generation token", true);
  if (*state.generation != record->generation) {
    return close("Redis holds another generation than the book recorded", true);
  }
  const bool own_memory_counts = *state.generation == last_generation_;
  if (outbox_id_less(state.last_outbox_id, record->high_water) ||
      (own_memory_counts && outbox_id_less(state.last_outbox_id, high_water_))) {
    return close("Redis came back with older data than was seen of it", true);
  }
  adopt(*state.generation);
}

void LedgerGuard::compare_with_own_memory(const LedgerState& state) {
  const bool known = state.generation && *state.generation == last_generation_;
  if (!known) return close("PostgreSQL is away and this ledger cannot be verified", false);
  if (outbox_id_less(state.last_outbox_id, high_water_)) {
    return close("Redis came back with older data than was seen of it", true);
  }
  adopt(*state.generation);
}

boost::asio::awaitable<void> LedgerGuard::verify() {
  const auto doubts_before = doubts_;
  const auto state = co_await ledger_.state();
  if (doubts_ != doubts_before) co_return;
  if (!state) {
    close("Redis is away: " + state.error().detail, false);
    co_return;
  }
  const auto record = co_await book_.ledger_record();
  if (doubts_ != doubts_before) co_return;
  // A token that was there while this looked may be gone by now; reserve checks it every time.
  if (record) {
    compare_with_book(*state, *record);
  } else {
    compare_with_own_memory(*state);
  }
}

boost::asio::awaitable<void> LedgerGuard::watch() {
  for (;;) {
    co_await verify();
    co_await clock_.sleep(generation_ ? limits::kGuardIntervalOpen
                                      : limits::kGuardIntervalClosed);
  }
}

}  // namespace holdfast::flows
