#include "sim/checkers/checkers.h"

// I2: once nothing is in flight, loaded = available + reserved + sold - returned, over both stores;
// and the journal of movements sums up to what the SKU's row says.

namespace holdfast::sim::checkers {

Findings check_conservation(const Evidence& evidence) {
  Findings found;
  std::map<std::string, std::int64_t> sums;
  for (const auto& movement : evidence.stock_journal) sums[movement.subject] += movement.delta;
  for (const auto& [sku, stock] : evidence.stock) {
    const std::int64_t on_hand = stock.loaded - stock.sold + stock.returned;
    const auto level = evidence.levels.find(sku);
    if (level == evidence.levels.end()) {
      found.push_back("I2: the ledger does not know " + sku);
      continue;
    }
    const std::int64_t counted = level->second.available + level->second.reserved;
    if (on_hand != counted) {
      found.push_back("I2: " + sku + " has " + std::to_string(on_hand) + " in the book, " +
                      std::to_string(level->second.available) + " on sale and " +
                      std::to_string(level->second.reserved) + " reserved");
    }
    if (sums[sku] != on_hand) {
      found.push_back("I2: the journal of " + sku + " sums up to " + std::to_string(sums[sku]) +
                      ", its row to " + std::to_string(on_hand));
    }
  }
  return found;
}

}  // namespace holdfast::sim::checkers
