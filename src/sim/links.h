#pragma once

#include <memory>

#include "adapters/embedded/message_bus.h"
#include "adapters/embedded/order_book.h"
#include "adapters/embedded/stock_ledger.h"
#include "sim/server.h"

namespace holdfast::sim {

/// The servers of a run, as every process meets them.
struct Servers {
  Server ledger{.name = "the ledger"};
  Server book{.name = "the book"};
  Server broker{.name = "the broker", .has_sessions = true};
  Server provider{.name = "the provider"};
};

/// One process's connections, on the servers' side. Replaced when they are lost.
struct Links {
  std::shared_ptr<embedded::EmbeddedStockLedger> ledger;
  std::shared_ptr<embedded::EmbeddedOrderBook> book;
  std::shared_ptr<embedded::EmbeddedMessageBus> bus;
  std::string ledger_run;        ///< names the ledger's process
  std::uint64_t bus_number = 0;  ///< part of the tags, so that those of lost ones are told apart
};

}  // namespace holdfast::sim
