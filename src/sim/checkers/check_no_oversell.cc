#include "sim/checkers/checkers.h"

// I1: units sold and not returned never exceed units loaded; what is on sale is never negative. The
// journal of movements is followed from its begin, so that an excess in between is found, too.

namespace holdfast::sim::checkers {

Findings check_no_oversell(const Evidence& evidence) {
  Findings found;
  for (const auto& [sku, level] : evidence.levels) {
    if (level.available < 0) {
      found.push_back("I1: " + sku + " has " + std::to_string(level.available) + " on sale");
    }
  }
  std::map<std::string, std::int64_t> on_hand;
  for (const auto& movement : evidence.stock_journal) {
    on_hand[movement.subject] += movement.delta;
    if (on_hand[movement.subject] < 0) {
      found.push_back("I1: more of " + movement.subject + " was sold than there was, by " +
                      movement.kind + " " + movement.cause);
    }
  }
  for (const auto& [sku, stock] : evidence.stock) {
    if (stock.sold - stock.returned > stock.loaded) {
      found.push_back("I1: " + sku + " sold " + std::to_string(stock.sold - stock.returned) +
                      " of " + std::to_string(stock.loaded));
    }
  }
  return found;
}

}  // namespace holdfast::sim::checkers
