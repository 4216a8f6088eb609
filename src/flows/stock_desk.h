#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "flows/failure.h"
#include "flows/ledger_guard.h"
#include "flows/queries.h"
#include "ports/clock.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

struct SetStock {
  Sku sku;
  std::int64_t on_hand = 0;
  /// Outer unset: leave the limit. Inner unset: remove it.
  std::optional<std::optional<std::int64_t>> purchase_limit;
};

struct AdjustStock {
  Sku sku;
  std::string adjustment_id;
  std::int64_t delta = 0;
  std::optional<std::string> reason;
};

enum class StockDeskOutcome {
  unknown_sku,
  adjustment_id_conflict,
  out_of_bounds,  ///< on_hand would leave 0..10^12
  stock_below_reserved,
  replayed,
  done,
};

struct StockDeskAnswer {
  StockDeskOutcome outcome = StockDeskOutcome::done;
  std::optional<StockView> stock;  ///< of `done` and `replayed`
};

/// The shop's own changes of stock: the book first, then the ledger, then the mark; the sweep
/// finishes what was begun.
class StockDesk {
 public:
  struct Ports {
    StockLedger& ledger;
    OrderBook& book;
    Clock& clock;
    Ids& ids;
    LedgerGuard& guard;
  };
  explicit StockDesk(Ports ports)
      : ports_(ports), queries_({ports.ledger, ports.book, ports.clock}) {}

  boost::asio::awaitable<Outcome<StockDeskAnswer>> set(SetStock command);
  boost::asio::awaitable<Outcome<StockDeskAnswer>> adjust(AdjustStock command);

  /// Applies changes of stock begun before `begun_before` that were never finished, and purchase
  /// limits of which the last attempt has had its time. Returns how many.
  boost::asio::awaitable<Outcome<std::size_t>> finish_pending(Instant begun_before);

 private:
  /// False: refused, the ledger would fall below zero.
  boost::asio::awaitable<Outcome<bool>> apply(StockChange change, std::string generation);
  boost::asio::awaitable<Outcome<bool>> change_limit(Sku sku, std::optional<std::int64_t> limit);
  boost::asio::awaitable<Outcome<bool>> apply_limit(LimitAttempt attempt,
                                                    std::optional<std::int64_t> limit);
  /// What users bought of a SKU by reservations that the ledger alone has.
  struct Unsettled {
    std::vector<OrderId> order_ids;  ///< that the book has not
    std::map<UserId, std::int64_t> units;
  };
  boost::asio::awaitable<Outcome<Unsettled>> count_unsettled(Sku sku, Instant not_after);
  boost::asio::awaitable<Outcome<std::vector<UnitsBought>>> count_bought(Sku sku);
  boost::asio::awaitable<Outcome<StockDeskAnswer>> answer_with_stock(StockDeskOutcome outcome,
                                                                     Sku sku);
  [[nodiscard]] tl::unexpected<Failure> ledger_away() const;

  Ports ports_;
  Queries queries_;
};

}  // namespace holdfast::flows
