#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "domain/requests.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// Remembers for a moment which SKUs have nothing left, so that in a flash sale the many who come
/// too late are answered without the reserve script. Every `open_after` one of them asks the ledger
/// while the others are still answered, so that what comes back on sale is seen within twice that
/// time. One per API loop.
class SoldOutGate {
 public:
  explicit SoldOutGate(Milliseconds open_after) : open_after_(open_after) {}

  /// What the ledger was short of when it was asked, at `asked_at` or later.
  void saw(const std::vector<Shortage>& shortages, Instant asked_at);

  /// It was just stocked.
  void open(const Sku& sku) { sold_out_.erase(sku); }

  /// What an order of one line is short of, if its SKU has nothing left; unset: ask the ledger, and
  /// tell what it was short of, or open.
  std::optional<Shortage> shortage_of(const OrderRequest& request, Instant now);

 private:
  struct Look {
    Instant asked_at;                  ///< of the last that found nothing
    std::optional<Instant> asking_at;  ///< of one that is on its way
  };
  [[nodiscard]] bool is_recent(Instant then, Instant now) const;
  [[nodiscard]] bool is_closed(const Look& look, Instant now) const;

  Milliseconds open_after_;
  std::unordered_map<Sku, Look> sold_out_;
};

}  // namespace holdfast::flows
