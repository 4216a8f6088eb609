#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "flows/backlog.h"
#include "ports/clock.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// The token of a generation tells in which run of its store it was written.
std::string generation_token(const std::string& id, const std::string& incarnation);

/// How often the guard looks at the ledger.
struct GuardIntervals {
  Milliseconds open{500};
  Milliseconds closed{50};  ///< while this process may not sell
};

/// Decides whether this process may sell (I9): it knows the ledger's generation, and has seen that
/// the connected ledger still holds at least what this process and the book have seen of it.
/// One per ledger connection, on its loop.
class LedgerGuard {
 public:
  LedgerGuard(StockLedger& ledger, OrderBook& book, Clock& clock, GuardIntervals intervals = {});

  /// The generation to reserve under; unset: admission is closed.
  [[nodiscard]] const std::optional<std::string>& generation() const { return generation_; }
  /// The same as a text, empty while there is none, for changes that are to be made in no other
  /// generation. To be taken before the book is asked what there is to do, or is given it: somebody
  /// else may have brought that to the ledger and told the book so, and a ledger rebuilt after that
  /// holds it without knowing.
  [[nodiscard]] std::string known_generation() const { return generation_.value_or(""); }
  /// Why admission is closed, for people.
  [[nodiscard]] const std::string& closed_because() const { return closed_because_; }
  /// True when the ledger must be rebuilt: it has no token, an unknown one, or older data.
  [[nodiscard]] bool needs_rebuild() const { return needs_rebuild_; }

  [[nodiscard]] const Backlog& backlog() const { return backlog_; }

  /// Remembers the highest outbox id this process has seen.
  void saw(const std::string& outbox_id);
  /// A reservation was answered `closed`, or the connection was lost: verify before selling again.
  void doubt(std::string because);
  void doubt_closed() { doubt("Redis answered that the ledger is closed"); }

  /// Compares the ledger with what is known of it, once.
  boost::asio::awaitable<void> verify();
  /// Verifies again and again, more often while closed. Run it once.
  boost::asio::awaitable<void> watch();

 private:
  void adopt(const std::string& generation);
  void close(std::string because, bool rebuild);
  /// What must be found in the ledger, gathered before it was asked.
  struct Known {
    bool book_away = false;
    std::optional<LedgerRecord> record;
    std::string high_water;
  };
  void compare(const LedgerState& state, const Known& known);

  StockLedger& ledger_;
  OrderBook& book_;
  Clock& clock_;
  GuardIntervals intervals_;
  std::optional<std::string> generation_;
  std::string last_generation_;  ///< the one this process last sold under
  std::string high_water_;       ///< the highest outbox id seen under it
  std::string closed_because_ = "the ledger was not yet verified";
  bool needs_rebuild_ = false;
  Backlog backlog_;
  std::uint64_t doubts_ = 0;  ///< tells a verification that it was overtaken by a new doubt
};

}  // namespace holdfast::flows
