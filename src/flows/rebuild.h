#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "flows/failure.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

struct RebuildOptions {
  Milliseconds journal_retention{86'400'000};
};

/// Builds the ledger anew from the book (I9): closes admission for all, lets outbox and queue
/// drain, computes what can be sold, writes it under a new generation. One process at a time, by
/// the book's leadership; dying anywhere leaves the ledger closed, and the next one begins anew.
class Rebuild {
 public:
  struct Ports {
    StockLedger& ledger;
    OrderBook& book;
    MessageBus& bus;
    Clock& clock;
    Ids& ids;
  };
  Rebuild(Ports ports, RebuildOptions options) : ports_(ports), options_(options) {}

  /// False: another process is at it.
  boost::asio::awaitable<Outcome<bool>> run(std::string cause);

 private:
  boost::asio::awaitable<Outcome<bool>> run_as_leader(std::string cause);
  boost::asio::awaitable<void> drain();

  Ports ports_;
  RebuildOptions options_;
};

}  // namespace holdfast::flows
