#include <set>

#include "sim/checkers/checkers.h"

// I7: every refund that was taken is there and has ended; a void one belongs to an order that was
// cancelled (its money never moved) or had nothing left.

namespace holdfast::sim::checkers {

Findings check_refunds_end(const Evidence& evidence) {
  static const std::set<std::string> kEnds{"refunded", "void", "failed"};
  Findings found;
  for (const auto& sending : evidence.history.sendings) {
    const auto& operation = evidence.history.operations[sending.operation];
    if (operation.kind != OperationKind::refund || sending.knowledge != Knowledge::ok) continue;
    const auto id = operation.refund_id.to_string();
    if (!evidence.refunds.contains(id)) found.push_back("I7: the refund " + id + " is lost");
  }
  for (const auto& [id, refund] : evidence.refunds) {
    if (!kEnds.contains(refund.status)) {
      found.push_back("I7: refund " + id + " stands at " + refund.status);
    }
    const auto order = evidence.orders.find(refund.order_id);
    if (order == evidence.orders.end()) continue;
    const bool nothing_left =
        order->second.status == "cancelled" || order->second.status == "refunded";
    if (refund.status == "void" && !nothing_left) {
      found.push_back("I7: refund " + id + " is void, its order is " + order->second.status);
    }
    if (refund.status == "refunded" && order->second.status == "completed") {
      found.push_back("I7: refund " + id + " is carried out, its order is still completed");
    }
  }
  return found;
}

}  // namespace holdfast::sim::checkers
