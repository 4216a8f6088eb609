#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "flows/failure.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// The conservation equation of one SKU (I2): `on_hand = available + reserved + in_transit`.
struct SkuBalance {
  Sku sku;
  std::int64_t loaded = 0;
  std::int64_t available = 0;
  std::int64_t reserved = 0;    ///< by the ledger's own count, of reservations not yet settled
  std::int64_t in_transit = 0;  ///< given back in the book, not yet on sale again
  std::int64_t sold = 0;
  std::int64_t returned = 0;
  std::int64_t on_hand = 0;
  std::int64_t difference = 0;  ///< on_hand - available - reserved - in_transit; 0 when balanced
};

struct InFlight {
  std::int64_t outbox = 0;
  std::int64_t unsettled = 0;        ///< reservations whose order is not marked settled
  std::int64_t queued_messages = 0;  ///< -1 while RabbitMQ is away
  std::int64_t unreleased_refunds = 0;
  std::int64_t pending_changes = 0;
};

struct ReconciliationReport {
  bool balanced = false;
  std::string generation;
  std::vector<SkuBalance> skus;  ///< sorted by SKU
  InFlight in_flight;
  Instant at;
};

/// Compares the ledger with the book. Reads both until they agree or a second has passed, since a
/// single reading of two stores under load can differ by what is on its way.
class Reconciliation {
 public:
  struct Ports {
    StockLedger& ledger;
    OrderBook& book;
    MessageBus& bus;
    Clock& clock;
  };
  explicit Reconciliation(Ports ports) : ports_(ports) {}

  boost::asio::awaitable<Outcome<ReconciliationReport>> report();

 private:
  /// Units that are in one store and not yet in the other, and why.
  struct Transit {
    std::map<Sku, std::int64_t> units;
    std::int64_t refunds = 0;
    std::int64_t changes = 0;
  };
  boost::asio::awaitable<Outcome<Transit>> read_transit();
  boost::asio::awaitable<Outcome<ReconciliationReport>> read_once();

  Ports ports_;
};

}  // namespace holdfast::flows
