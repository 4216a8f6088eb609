#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <vector>

#include "adapters/redis/keys.h"
#include "adapters/redis/options.h"
#include "ports/stock_ledger.h"

namespace holdfast::redis {

class Connection;

/// The stock ledger in Redis, version 6.2 or newer: each call that writes is one Lua script, or
/// one command, and so atomic. Owns one connection. Lives on the thread of its executor's loop,
/// which must outlive it; may be stopped or destroyed with calls in flight: they fail from the
/// loop and touch it no more.
class RedisStockLedger final : public StockLedger {
 public:
  RedisStockLedger(boost::asio::any_io_executor executor, RedisOptions options);
  ~RedisStockLedger() override;
  RedisStockLedger(const RedisStockLedger&) = delete;
  RedisStockLedger& operator=(const RedisStockLedger&) = delete;

  /// Begins to connect in the background; set the listener first.
  void start();
  /// For good. Calls in flight fail; the listener is not told.
  void stop();
  /// Why there is no connection: what an operator has to mend. Holds no password.
  [[nodiscard]] const std::string& last_error() const;
  /// The server is there, but weaker than `require_durable` asks. May be called on any thread.
  [[nodiscard]] bool is_too_weak() const;

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
  /// Written in chunks. One that is cut short leaves the ledger closed and is done by calling
  /// again; of two at once the later one wins and the other fails.
  boost::asio::awaitable<PortResult<void>> rebuild(RebuiltLedger ledger) override;

  [[nodiscard]] bool connected() const override;
  void on_connection(std::function<void(bool connected)> listener) override;

 private:
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<const Keys> keys_;
};

}  // namespace holdfast::redis
