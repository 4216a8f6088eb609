#include "flows/ledger_guard.h"

#include <utility>

#include "domain/defects.h"
#include "flows/limits.h"

namespace holdfast::flows {

namespace {

constexpr char kBeforeIncarnation = '.';

/// Whether the store has been running ever since the generation was written. What a restart may
/// have lost need not show: an adjustment or a refund's stock leaves no trace in the outbox.
bool is_of_this_run(const std::string& generation, const std::string& incarnation) {
  return HF_DEFECT(trust_restarted_ledger) || incarnation.empty() ||
         generation.ends_with(kBeforeIncarnation + incarnation);
}

}  // namespace

std::string generation_token(const std::string& id, const std::string& incarnation) {
  return incarnation.empty() ? id : id + kBeforeIncarnation + incarnation;
}

LedgerGuard::LedgerGuard(StockLedger& ledger, OrderBook& book, Clock& clock,
                         GuardIntervals intervals)
    : ledger_(ledger), book_(book), clock_(clock), intervals_(intervals) {
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

void LedgerGuard::compare(const LedgerState& state, const Known& known) {
  if (HF_DEFECT(trust_any_ledger) && known.record) return adopt(known.record->generation);
  if (state.generation && !is_of_this_run(*state.generation, state.incarnation)) {
    return close("Redis was restarted since its ledger was built", true);
  }
  if (known.book_away) {
    const bool ours = state.generation && *state.generation == last_generation_;
    if (!ours) return close("PostgreSQL is away and this ledger cannot be verified", false);
  } else {
    if (!known.record) return close("the ledger was never built from the book", true);
    if (!state.generation) return close("Redis has no generation token", true);
    if (*state.generation != known.record->generation) {
      return close("Redis holds another generation than the book recorded", true);
    }
    if (outbox_id_less(state.last_outbox_id, known.record->high_water)) {
      return close("Redis came back with older data than the book has seen", true);
    }
  }
  const bool ours = *state.generation == last_generation_;
  if (ours && outbox_id_less(state.last_outbox_id, known.high_water)) {
    return close("Redis came back with older data than this process has seen", true);
  }
  adopt(*state.generation);
}

boost::asio::awaitable<void> LedgerGuard::verify() {
  const auto doubts_before = doubts_;
  // What is known is gathered before the ledger is asked: it grows while this waits.
  Known known;
  known.high_water = high_water_;
  auto record = co_await book_.ledger_record();
  const auto state = co_await ledger_.state();
  if (doubts_ != doubts_before) co_return;
  if (!state) {
    close("Redis is away: " + state.error().detail, false);
    co_return;
  }
  backlog_.saw(*state, clock_.now());
  if (record && *record && state->generation && *state->generation != (*record)->generation) {
    // A rebuild in between? It is recorded before its token is written, so look again.
    record = co_await book_.ledger_record();
    if (doubts_ != doubts_before) co_return;
    if (record && *record) (*record)->high_water.clear();
  }
  known.book_away = !record;
  if (record) known.record = std::move(*record);
  compare(*state, known);
}

boost::asio::awaitable<void> LedgerGuard::watch() {
  for (;;) {
    co_await verify();
    co_await clock_.sleep(generation_ ? intervals_.open : intervals_.closed);
  }
}

}  // namespace holdfast::flows
