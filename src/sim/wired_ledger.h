#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "ports/stock_ledger.h"
#include "sim/links.h"
#include "sim/wire.h"

namespace holdfast::sim {

/// The ledger as one process meets it: over its wire.
class WiredLedger final : public StockLedger {
 public:
  template <class T>
  using Answer = boost::asio::awaitable<PortResult<T>>;

  WiredLedger(Wire& wire, Server& server, Links& links)
      : wire_(wire), server_(server), links_(links) {}

  Answer<ReserveResult> reserve(ReserveRequest request) override {
    return call<ReserveResult>(
        HF_SITE("ledger.reserve"),
        [&network = wire_.network(), to = links_.ledger, request = std::move(request)] {
          return reserve_watched(network, to, request);
        });
  }
  Answer<std::optional<JournalEntry>> find_journal(OrderId order_id) override {
    return call<std::optional<JournalEntry>>(
        HF_SITE("ledger.find_journal"),
        [to = links_.ledger, order_id] { return to->find_journal(order_id); });
  }
  Answer<std::vector<OutboxEntry>> read_outbox(std::string after, Instant not_after,
                                               std::size_t limit) override {
    return call<std::vector<OutboxEntry>>(
        HF_SITE("ledger.read_outbox"),
        [to = links_.ledger, after = std::move(after), not_after, limit] {
          return to->read_outbox(after, not_after, limit);
        });
  }
  Answer<void> delete_outbox(std::vector<std::string> outbox_ids) override {
    check_confirmed(outbox_ids);
    return call<void>(HF_SITE("ledger.delete_outbox"),
                      [to = links_.ledger, outbox_ids = std::move(outbox_ids)] {
                        return to->delete_outbox(outbox_ids);
                      });
  }
  Answer<void> settle(std::vector<SettleMark> marks) override {
    return call<void>(HF_SITE("ledger.settle"),
                      [to = links_.ledger, marks = std::move(marks)] { return to->settle(marks); });
  }
  Answer<std::vector<JournalEntry>> read_unsettled(Instant not_after, std::size_t limit) override {
    return call<std::vector<JournalEntry>>(
        HF_SITE("ledger.read_unsettled"),
        [to = links_.ledger, not_after, limit] { return to->read_unsettled(not_after, limit); });
  }
  Answer<ChangeOutcome> give_back(GiveBack change) override {
    return call<ChangeOutcome>(
        HF_SITE("ledger.give_back"),
        [to = links_.ledger, change = std::move(change)] { return to->give_back(change); });
  }
  Answer<ChangeOutcome> adjust(Adjustment change) override {
    return call<ChangeOutcome>(
        HF_SITE("ledger.adjust"),
        [to = links_.ledger, change = std::move(change)] { return to->adjust(change); });
  }
  Answer<ChangeOutcome> begin_limit_change(LimitAttempt attempt) override {
    return call<ChangeOutcome>(HF_SITE("ledger.begin_limit_change"),
                               [to = links_.ledger, attempt = std::move(attempt)] {
                                 return to->begin_limit_change(attempt);
                               });
  }
  Answer<ChangeOutcome> set_limit(LimitAttempt attempt, std::optional<std::int64_t> limit,
                                  std::vector<UnitsBought> bought) override {
    return call<ChangeOutcome>(
        HF_SITE("ledger.set_limit"),
        [to = links_.ledger, attempt = std::move(attempt), limit, bought = std::move(bought)] {
          return to->set_limit(attempt, limit, bought);
        });
  }
  Answer<std::vector<ChangeId>> find_applied(std::vector<ChangeId> changes) override {
    return call<std::vector<ChangeId>>(
        HF_SITE("ledger.find_applied"),
        [to = links_.ledger, changes = std::move(changes)] { return to->find_applied(changes); });
  }
  Answer<std::vector<SkuLevel>> levels(std::vector<Sku> skus) override {
    return call<std::vector<SkuLevel>>(
        HF_SITE("ledger.levels"),
        [to = links_.ledger, skus = std::move(skus)] { return to->levels(skus); });
  }
  Answer<std::vector<SkuLevel>> all_levels() override {
    return call<std::vector<SkuLevel>>(HF_SITE("ledger.all_levels"),
                                       [to = links_.ledger] { return to->all_levels(); });
  }
  Answer<LedgerState> state() override {
    return call<LedgerState>(
        HF_SITE("ledger.state"),
        [to = links_.ledger, run = links_.ledger_run] { return state_of(to, run); });
  }
  Answer<void> close() override {
    return call<void>(HF_SITE("ledger.close"), [to = links_.ledger] { return to->close(); });
  }
  Answer<void> rebuild(RebuiltLedger ledger) override {
    return call<void>(HF_SITE("ledger.rebuild"), [to = links_.ledger, ledger = std::move(ledger)] {
      return to->rebuild(ledger);
    });
  }
  [[nodiscard]] bool connected() const override { return server_.up; }
  void on_connection(std::function<void(bool connected)> listener) override {
    listener_ = std::move(listener);
    if (server_.up) tell(true);
  }
  /// The connection is there, or is gone.
  void tell(bool connected) {
    if (listener_) listener_(connected);
  }

 private:
  template <class T, class F>
  Answer<T> call(Site site, F carry_out) {
    return wire_.call<T>(site, server_, std::move(carry_out));
  }

  /// I8: an entry leaves the outbox once its message is confirmed.
  void check_confirmed(const std::vector<std::string>& outbox_ids) {
    auto& network = wire_.network();
    for (const auto& id : outbox_ids) {
      if (network.confirmed.contains(id)) continue;
      network.violations.push_back("I8: " + id + " left the outbox, its message not confirmed");
    }
  }
  /// Notes what was sold under which generation (I9).
  static Answer<ReserveResult> reserve_watched(
      Network& network, std::shared_ptr<embedded::EmbeddedStockLedger> ledger,
      ReserveRequest request);
  static Answer<LedgerState> state_of(std::shared_ptr<embedded::EmbeddedStockLedger> ledger,
                                      std::string run) {
    auto state = co_await ledger->state();
    if (state) state->incarnation = std::move(run);
    co_return state;
  }

  Wire& wire_;      // HELD NOT OWNED
  Server& server_;  // HELD NOT OWNED
  Links& links_;    // HELD NOT OWNED
  std::function<void(bool)> listener_;
};

}  // namespace holdfast::sim
