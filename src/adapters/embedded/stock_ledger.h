#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/database.h"
#include "ports/clock.h"
#include "ports/stock_ledger.h"

namespace holdfast::embedded {

/// Makes or brings up to date the ledger's tables: once, through `Database::run_now`, before the
/// first EmbeddedStockLedger. Throws sqlite::Failure.
void prepare_ledger(sqlite::Session& session);

/// The stock ledger in an embedded database: each call is one job, and so atomic. What was answered
/// is on disk, as far as the database's file is. There may be several, one for each loop, over one
/// database. Lives on the thread of its executor's loop; may be destroyed with calls in flight,
/// which touch the database only. Keeps time by the `clock` alone: of a settled entry the end of
/// its retention, at which it is as good as gone, though deleted when a later call passes.
///
/// A call fails with Effect::none when the database took none of it, `rejected` when it must not be
/// made (an outbox id that is none, a rebuild of an open ledger); with Effect::unknown when the
/// commit failed.
class EmbeddedStockLedger final : public StockLedger {
 public:
  /// `database` and `clock` are held, not owned; the tables are prepared.
  EmbeddedStockLedger(boost::asio::any_io_executor executor, sqlite::Database& database,
                      Clock& clock);

  boost::asio::awaitable<PortResult<ReserveResult>> reserve(ReserveRequest request) override;
  boost::asio::awaitable<PortResult<std::optional<JournalEntry>>> find_journal(
      OrderId order_id) override;
  boost::asio::awaitable<PortResult<std::vector<OutboxEntry>>> read_outbox(
      std::string after, Instant not_after, std::size_t limit) override;
  boost::asio::awaitable<PortResult<void>> delete_outbox(
      std::vector<std::string> outbox_ids) override;
  boost::asio::awaitable<PortResult<void>> settle(std::vector<SettleMark> marks) override;
  boost::asio::awaitable<PortResult<std::vector<JournalEntry>>> read_unsettled(
      Instant not_after, std::size_t limit) override;
  boost::asio::awaitable<PortResult<ChangeOutcome>> give_back(GiveBack change) override;
  boost::asio::awaitable<PortResult<ChangeOutcome>> adjust(Adjustment change) override;
  boost::asio::awaitable<PortResult<ChangeOutcome>> begin_limit_change(
      LimitAttempt attempt) override;
  boost::asio::awaitable<PortResult<ChangeOutcome>> set_limit(
      LimitAttempt attempt, std::optional<std::int64_t> limit,
      std::vector<UnitsBought> bought) override;
  boost::asio::awaitable<PortResult<std::vector<ChangeId>>> find_applied(
      std::vector<ChangeId> changes) override;
  boost::asio::awaitable<PortResult<std::vector<SkuLevel>>> levels(std::vector<Sku> skus) override;
  boost::asio::awaitable<PortResult<std::vector<SkuLevel>>> all_levels() override;
  boost::asio::awaitable<PortResult<LedgerState>> state() override;
  boost::asio::awaitable<PortResult<void>> close() override;
  /// In one transaction: of two at once the first opens the ledger, and the other is refused.
  boost::asio::awaitable<PortResult<void>> rebuild(RebuiltLedger ledger) override;

  /// Always: there is no connection to lose.
  [[nodiscard]] bool connected() const override { return true; }
  /// The listener hears `true` once, from the loop, unless the ledger has gone by then.
  void on_connection(std::function<void(bool connected)> listener) override;

 private:
  boost::asio::any_io_executor executor_;
  sqlite::Database& database_;
  Clock& clock_;
  std::shared_ptr<std::function<void(bool)>> listener_;
};

}  // namespace holdfast::embedded
