#include <set>

#include "sim/checkers/checkers.h"

// I3: an order that was acknowledged to somebody is in the book and has come to an end; none is
// there that nobody asked for. One that was acknowledged as reserved, not as queued, was in the
// ledger alone: it may be gone with what a ledger loses.

namespace holdfast::sim::checkers {

Findings check_one_end(const Evidence& evidence) {
  static const std::set<std::string> kEnds{"completed", "partially_refunded", "refunded",
                                           "cancelled"};
  Findings found;
  std::set<std::string> asked;
  for (const auto& operation : evidence.history.operations) {
    if (operation.kind == OperationKind::place) asked.insert(operation.order_id.to_string());
  }
  std::set<std::string> acknowledged;
  for (const auto& sending : evidence.history.sendings) {
    const auto& operation = evidence.history.operations[sending.operation];
    if (operation.kind != OperationKind::place || sending.knowledge != Knowledge::ok) continue;
    if (!sending.is_durable && evidence.ledger_lost_data) continue;
    acknowledged.insert(operation.order_id.to_string());
  }
  for (const auto& id : acknowledged) {
    if (!evidence.orders.contains(id))
      found.push_back("I3: the acknowledged order " + id + " is lost");
  }
  for (const auto& [id, order] : evidence.orders) {
    if (!asked.contains(id)) found.push_back("I3: nobody asked for order " + id);
    if (!kEnds.contains(order.status)) {
      found.push_back("I3: order " + id + " stands at " + order.status);
    }
    for (const auto& step : order.steps) {
      const bool ended = step.status == "done" || step.status == "failed" ||
                         step.status == "skipped" || step.status == "unknown";
      const bool has_all = order.status != "cancelled" && order.status != "refunded";
      if (!ended || (has_all && step.status != "done")) {
        found.push_back("I3: order " + id + " is " + order.status + ", its step " + step.name +
                        " is " + step.status);
      }
    }
  }
  return found;
}

}  // namespace holdfast::sim::checkers
