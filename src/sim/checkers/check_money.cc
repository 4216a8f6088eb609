#include <map>

#include "sim/checkers/checkers.h"

// I5: refunds of an order never exceed what was paid, nor any line's quantity; the order's own sum
// is that of its refunds that were carried out.

namespace holdfast::sim::checkers {

Findings check_money(const Evidence& evidence) {
  Findings found;
  std::map<std::string, std::int64_t> refunded;
  std::map<std::string, std::map<std::string, std::int64_t>> units;
  for (const auto& [id, refund] : evidence.refunds) {
    if (refund.status != "refunded") continue;
    refunded[refund.order_id] += refund.amount;
    for (const auto& line : refund.lines) units[refund.order_id][line.sku] += line.quantity;
    if (!evidence.orders.contains(refund.order_id)) {
      found.push_back("I5: refund " + id + " of an order that is not there");
    }
  }
  for (const auto& [id, order] : evidence.orders) {
    std::int64_t amount = 0;
    for (const auto& line : order.lines) {
      amount += line.quantity * line.unit_price;
      if (units[id][line.sku] > line.quantity) {
        found.push_back("I5: order " + id + " had " + std::to_string(line.quantity) + " of " +
                        line.sku + ", " + std::to_string(units[id][line.sku]) + " were refunded");
      }
    }
    if (amount != order.amount) found.push_back("I5: order " + id + " has not its lines' amount");
    if (refunded[id] > order.amount) {
      found.push_back("I5: order " + id + " of " + std::to_string(order.amount) + " was refunded " +
                      std::to_string(refunded[id]));
    }
    if (refunded[id] != order.refunded_amount) {
      found.push_back("I5: order " + id + " says " + std::to_string(order.refunded_amount) +
                      " refunded, its refunds " + std::to_string(refunded[id]));
    }
  }
  return found;
}

}  // namespace holdfast::sim::checkers
