#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "domain/requests.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// Remembers for a moment which SKUs have nothing left, so that in a flash sale the many who come
/// too late are answered without the reserve script. What comes back on sale is seen in
/// `open_after` at the latest. One per API loop.
class SoldOutGate {
 public:
  explicit SoldOutGate(Milliseconds open_after) : open_after_(open_after) {}

  /// What the ledger was short of when it was asked, at `asked_at` or later.
  void saw(const std::vector<Shortage>& shortages, Instant asked_at);

  /// It was just stocked.
  void open(const Sku& sku) { sold_out_.erase(sku); }

  /// What an order of one line is short of, if its SKU has nothing left; unset: ask the ledger.
  [[nodiscard]] std::optional<Shortage> shortage_of(const OrderRequest& request, Instant now) const;

 private:
  [[nodiscard]] bool is_closed(Instant seen_at, Instant now) const;

  Milliseconds open_after_;
  std::unordered_map<Sku, Instant> sold_out_;  ///< when it was last asked for
};

}  // namespace holdfast::flows
