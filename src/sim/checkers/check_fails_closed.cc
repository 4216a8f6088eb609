#include "sim/checkers/checkers.h"

// I9: a ledger sells under the generation that it is open under, and to those who know that one;
// closed, it sells nothing.

namespace holdfast::sim::checkers {

Findings check_fails_closed(const Evidence& evidence) {
  Findings found;
  for (const auto& sale : evidence.sales) {
    // It may have been closed or opened between the request's coming and the answer.
    const bool was_open =
        sale.asked_under == sale.open_before || sale.asked_under == sale.open_after;
    if (was_open && !sale.asked_under.empty()) continue;
    found.push_back("I9: " + sale.order_id + " was reserved under generation '" + sale.asked_under +
                    "', the ledger was open under '" + sale.open_after + "'");
  }
  return found;
}

}  // namespace holdfast::sim::checkers
