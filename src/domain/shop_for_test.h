#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/decide_refund.h"
#include "domain/decide_settlement.h"
#include "domain/plan.h"
#include "domain/transitions.h"

namespace holdfast::samples {

/// A shop in memory that does what the domain decides and nothing else: a ledger of what can be
/// sold, a book of stock and points, orders and refunds. Its commands may come in any order, late
/// or repeated; those that find nothing to do do nothing. A violated rule is returned as text.
class Shop {
 public:
  Shop(Plan plan, std::map<Sku, std::int64_t> loaded);

  /// Numbers from outside pick what a command is about, so that any numbers make a command.
  void place(std::size_t salt);
  void settle(std::size_t which);
  void pay(std::size_t which, bool declined);
  void compensate(std::size_t which);
  void ask_refund(std::size_t which, std::size_t salt);
  void check_refund(std::size_t which, std::size_t salt);
  void reverse(std::size_t which, std::size_t salt);
  void trouble_refund(std::size_t which, std::size_t salt, RefundEvent event);
  /// The ledger came back with older data: it believes in units that the book has not.
  void forget_sales(std::size_t salt);

  /// Every message arrives at last.
  void drain();

  /// The first broken rule, if any. To be called after each command.
  [[nodiscard]] std::optional<std::string> violation() const;
  /// What must hold besides once everything is drained.
  [[nodiscard]] std::optional<std::string> violation_at_rest() const;

  /// How often each final state was reached and each answer given, for the test of the test.
  [[nodiscard]] std::map<std::string, int> tally() const;

 private:
  struct Stock {
    std::int64_t loaded = 0;
    std::int64_t sold = 0;
    std::int64_t returned = 0;
    std::int64_t available = 0;  ///< the ledger's
    std::int64_t phantoms = 0;   ///< units that the ledger was wrong about
  };
  struct Sale {
    Order order;
    std::vector<Refund> refunds;
    bool deducted = false;  ///< its units are in `sold`
    std::optional<OrderStatus> closed;
  };

  Sale* sale(std::size_t which);
  Refund* refund(std::size_t which, std::size_t salt);
  void write(Sale& sale, Order order);
  [[nodiscard]] RefundRequest request_from(const Order& order, std::size_t salt) const;
  [[nodiscard]] std::int64_t points_per() const;
  [[nodiscard]] std::optional<std::string> money_violation(const Sale& sale) const;
  [[nodiscard]] std::optional<std::string> stock_violation(const Sku& sku,
                                                           const Stock& stock) const;

  Plan plan_;
  std::map<Sku, Stock> stock_;
  std::vector<Sale> sales_;
  std::int64_t points_balance_ = 0;
  std::int64_t clock_ms_ = 0;
  std::optional<std::string> broken_;  ///< a rule that a command itself found broken
  std::map<std::string, int> tally_;
};

}  // namespace holdfast::samples
