#include "flows/stock_release.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <string>
#include <utility>

#include "async/fault_point.h"
#include "async/gather.h"
#include "domain/change_ids.h"
#include "domain/defects.h"
#include "flows/outgoing.h"
#include "flows/units.h"

namespace holdfast::flows {

GiveBack give_back_of(const Order& cancelled, Milliseconds journal_retention) {
  GiveBack change;
  change.change_id = reservation_change(cancelled.reservation_id);
  change.user_id = cancelled.user_id;
  change.to_limit = units_of(cancelled.lines);
  for (const auto& line : cancelled.lines) {
    const Quantity units = line.quantity - line.kept_off_sale;
    if (units.units != 0) change.to_available.push_back(StockUnits{line.sku, units});
  }
  // Its settle mark may have been lost: then its units still count as reserved.
  change.reservation =
      GiveBack::Unsettled{cancelled.id, cancelled.reservation_id, journal_retention};
  return change;
}

GiveBack give_back_of(const OrderBook::Unreleased& unreleased) {
  const auto& refund = unreleased.refund;
  GiveBack change;
  change.change_id = refund_change(refund.id);
  change.user_id = unreleased.user_id;
  for (const auto& line : refund.lines) {
    if (line.restock) change.to_available.push_back(StockUnits{line.sku, line.quantity});
    change.to_limit.push_back(StockUnits{line.sku, line.quantity});
  }
  return change;
}

boost::asio::awaitable<std::vector<bool>> StockRelease::give_back(std::vector<GiveBack> changes,
                                                                  std::string generation) {
  std::vector<boost::asio::awaitable<PortResult<ChangeOutcome>>> calls;
  calls.reserve(changes.size());
  if (HF_DEFECT(new_change_id_each_time)) {
    static std::atomic<int> times = 0;
    for (auto& change : changes) change.change_id.value += "-" + std::to_string(++times);
  }
  for (auto& change : changes) {
    change.generation = generation;
    calls.push_back(ledger_.give_back(std::move(change)));
  }
  const auto outcomes = co_await async::gather(std::move(calls));
  std::vector<bool> done;
  done.reserve(outcomes.size());
  std::size_t held_up = 0;
  bool is_closed = false;
  for (const auto& outcome : outcomes) {
    done.push_back(outcome && *outcome != ChangeOutcome::closed && *outcome != ChangeOutcome::busy);
    held_up += done.back() ? 0 : 1;
    is_closed = is_closed || (outcome && *outcome == ChangeOutcome::closed);
  }
  if (is_closed && generation == guard_.generation()) {
    guard_.doubt_closed();
  }
  if (held_up != 0) {
    spdlog::info("stock of {} refunds or cancelled orders waits for Redis and the sweep", held_up);
  }
  co_return done;
}

boost::asio::awaitable<std::size_t> StockRelease::release(
    std::vector<OrderBook::Unreleased> refunds, std::string generation) {
  std::vector<GiveBack> changes;
  changes.reserve(refunds.size());
  for (const auto& refund : refunds) changes.push_back(give_back_of(refund));
  const auto released = co_await give_back(std::move(changes), std::move(generation));
  std::vector<RefundId> done;
  for (std::size_t i = 0; i < refunds.size(); ++i) {
    if (released[i] || HF_DEFECT(mark_before_release)) done.push_back(refunds[i].refund.id);
  }
  const auto count = done.size();
  // Unmarked, the sweep gives back again: the ledger knows the change by its id.
  if (count != 0) static_cast<void>(co_await book_.mark_released(std::move(done)));
  co_return count;
}

boost::asio::awaitable<std::size_t> StockRelease::release(std::vector<Order> cancelled,
                                                          std::string generation) {
  std::vector<GiveBack> changes;
  changes.reserve(cancelled.size());
  for (const auto& order : cancelled) changes.push_back(give_back_of(order, journal_retention_));
  const auto released = co_await give_back(std::move(changes), std::move(generation));
  std::vector<OrderId> done;
  for (std::size_t i = 0; i < cancelled.size(); ++i) {
    if (released[i]) done.push_back(cancelled[i].id);
  }
  const auto count = done.size();
  if (count != 0) static_cast<void>(co_await book_.mark_orders_released(std::move(done)));
  co_return count;
}

boost::asio::awaitable<void> OrderFinisher::finish(OrderWork work, std::string generation) {
  co_await publish_until_confirmed(bus_, clock_, std::move(work.messages));
  co_await give_back(std::move(work), std::move(generation));
}

boost::asio::awaitable<void> OrderFinisher::try_to_finish(OrderWork work, std::string generation) {
  if (!work.messages.empty()) {
    const auto published = co_await bus_.publish(std::move(work.messages));
    if (!published) {
      spdlog::warn("messages to bring orders on wait for the sweep: {}", published.error().detail);
    }
  }
  co_await give_back(std::move(work), std::move(generation));
}

boost::asio::awaitable<void> OrderFinisher::give_back(OrderWork work, std::string generation) {
  // Here the process may die: the book stands, the sweep brings the stock to the ledger.
  if (!work.refunds.empty()) HF_FAULT_POINT("reversal_committed_before_release");
  if (!work.cancelled.empty()) HF_FAULT_POINT("cancellation_committed_before_release");
  if (!work.refunds.empty()) co_await release_.release(std::move(work.refunds), generation);
  if (!work.cancelled.empty()) co_await release_.release(std::move(work.cancelled), generation);
}

}  // namespace holdfast::flows
