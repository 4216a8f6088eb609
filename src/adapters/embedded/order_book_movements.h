#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "adapters/embedded/order_book.h"
#include "adapters/embedded/order_book_rows.h"

namespace holdfast::embedded::book {

/// The movements of stock of one job: journaled one by one, applied as a sum per SKU. Keeps
/// references to the movements.
class StockMoves {
 public:
  StockMoves(sqlite::Session& session, const BookOptions& options)
      : session_(session), options_(options) {}

  /// Journals `movement` at `at`; its SKU's row follows with `apply`.
  void add(const StockMovement& movement, const Cause& cause, Instant at);
  /// Moves the SKUs' rows, by SKU. One that runs out by it, or is back, becomes an event. Throws
  /// Failure (constraint) when stock would fall below zero or the book has not the SKU.
  void apply();

 private:
  struct Sum {
    std::int64_t loaded = 0;
    std::int64_t sold = 0;
    std::int64_t returned = 0;
    Instant at;                ///< of the latest movement
    std::int64_t journal = 0;  ///< id of the last movement
  };
  void tell(std::string_view sku, std::int64_t on_hand, const Sum& sum);

  sqlite::Session& session_;
  const BookOptions& options_;
  std::map<std::string_view, Sum> per_sku_;
};

/// The movements of points of one job, written when all are known. Keeps references to the
/// movements.
class PointsMoves {
 public:
  /// `floor_zero`: what is taken stops at a balance of zero. What a user gets counts first, of
  /// several takings the earlier ones go first, and one that takes nothing leaves no trace.
  PointsMoves(sqlite::Session& session, bool floor_zero)
      : session_(session), floor_zero_(floor_zero) {}

  void add(const PointsMovement& movement, const Cause& cause);
  void apply();

 private:
  struct Entry {
    const PointsMovement* movement;
    Cause cause;
  };
  struct Account {
    std::int64_t given = 0;
    std::int64_t may_take = 0;  ///< of what is to be taken
    std::int64_t seq = 0;       ///< of the last movement
    std::int64_t balance = 0;   ///< after it
  };
  void open(std::string_view user_id, Account& account);

  sqlite::Session& session_;
  bool floor_zero_;
  std::vector<Entry> entries_;
  std::map<std::string_view, Account> accounts_;
};

}  // namespace holdfast::embedded::book
