#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/services.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::app {

/// What stands behind the ports of one loop. On that loop's thread once it has been started.
class Stores {
 public:
  virtual ~Stores() = default;
  virtual StockLedger& ledger() = 0;
  virtual OrderBook& book() = 0;
  virtual MessageBus& bus() = 0;

  virtual void start() = 0;
  virtual void stop() = 0;
  /// From another thread, when the loop has ended and before it goes.
  virtual void settle_down() {}
  virtual boost::asio::awaitable<std::vector<http::Readiness>> health() = 0;
  /// Why a store could lose what was acknowledged, where the configuration does not allow that.
  /// Any thread.
  [[nodiscard]] virtual std::optional<std::string> weakness() const { return std::nullopt; }
};

/// The stores of one process. Outlives all of its loops. Called on the main thread.
class Backend {
 public:
  virtual ~Backend() = default;
  /// Brings the stores to where roles can start: schema, the configured plans. Returns an exit
  /// code (see serve.h), and has said in the log what is wrong when that is not 0.
  virtual int prepare() = 0;
  /// `book_connections`: the statements that the loop's book may have under way at a time.
  virtual std::unique_ptr<Stores> open(boost::asio::io_context& loop, Clock& clock,
                                       std::size_t book_connections) = 0;
};

}  // namespace holdfast::app
