#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "flows/ledger_guard.h"
#include "flows/order_work.h"
#include "flows/outgoing.h"
#include "flows/rebuild.h"
#include "flows/stock_desk.h"
#include "flows/stock_release.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

struct SweepOptions {
  Milliseconds every{1000};
  Milliseconds outbox_after{5000};  ///< age at which an outbox entry is published again
  std::size_t batch_max = 256;      ///< orders in one message
  StepPolicy policy;
};

/// Scans the truth for what no message brought on: outbox entries, orders of which something is due
/// (steps to be brought on, deadlines), held and reversing refunds, stock not yet given back,
/// changes of stock begun, reservations nobody settles, a ledger to be rebuilt. Any number of
/// processes may sweep; every step is idempotent.
class Sweep {
 public:
  struct Ports {
    StockLedger& ledger;
    OrderBook& book;
    MessageBus& bus;
    Clock& clock;
    Ids& ids;
    LedgerGuard& guard;
    Rebuild& rebuild;
    StockDesk& stock;
    const OrderWriter& writer;
    OrderFinisher& finisher;
    StockRelease& release;
  };
  Sweep(Ports ports, SweepOptions options) : ports_(ports), options_(options) {}

  /// Sweeps until the loop ends. Run it once.
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> sweep_once();

 private:
  boost::asio::awaitable<void> rebuild_if_needed();
  boost::asio::awaitable<void> publish_outbox();
  boost::asio::awaitable<void> publish_all_outbox();
  boost::asio::awaitable<void> publish_outbox_until(Instant not_after);
  boost::asio::awaitable<void> wake_refunds();
  boost::asio::awaitable<void> bring_on_orders();
  /// False: not all of them could be brought on.
  boost::asio::awaitable<bool> bring_on(std::vector<OrderId> due);
  boost::asio::awaitable<void> release_stock();
  boost::asio::awaitable<void> resend_unsettled();

  Ports ports_;
  SweepOptions options_;
};

}  // namespace holdfast::flows
