#include <map>
#include <string>
#include <vector>

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
  std::map<std::string, std::vector<MovementEvidence>> journals;
  for (const auto& movement : evidence.stock_journal) {
    journals[movement.subject].push_back(movement);
  }
  for (const auto& [sku, journal] : journals) {
    std::int64_t on_hand = 0;
    for (std::size_t i = 0; i < journal.size(); ++i) {
      on_hand += journal[i].delta;
      // An order that is refused is written as taken and given back, at once.
      const bool goes_on = i + 1 < journal.size() && journal[i + 1].cause == journal[i].cause;
      if (on_hand >= 0 || goes_on) continue;
      found.push_back("I1: more of " + sku + " was sold than there was, by " + journal[i].kind +
                      " " + journal[i].cause);
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
