#pragma once

#include <vector>

#include "domain/order.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// The units that an order's lines take from the ledger.
inline std::vector<StockUnits> units_of(const std::vector<OrderLine>& lines) {
  std::vector<StockUnits> units;
  units.reserve(lines.size());
  for (const auto& line : lines) units.push_back(StockUnits{line.sku, line.quantity});
  return units;
}

}  // namespace holdfast::flows
