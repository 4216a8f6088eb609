#include <algorithm>
#include <map>
#include <string>

#include "sim/checkers/checkers.h"

// I6, from the clients' side: of the contents sent under one id, one at most is taken, whoever sent
// it and however often; all others conflict; what was once taken is never refused later.

namespace holdfast::sim::checkers {
namespace {

std::string content_of(const Operation& operation) {
  std::string text = operation.user + "/" + operation.plan + (operation.preempts ? "/!" : "");
  for (const auto& line : operation.lines) {
    text += "/" + line.sku + ":" + std::to_string(line.quantity) + ":" +
            std::to_string(line.unit_price) + (line.restock ? "" : "-");
  }
  return text;
}

/// The journal may have forgotten the order by then, and the book not have been there to be asked:
/// sales go on, so it was taken for new, and this perhaps for its repeat. Settlement undoes that.
bool was_forgotten(const Evidence& evidence, OperationKind kind, const Sending& sending) {
  if (kind != OperationKind::place) return false;
  const auto& id = evidence.history.operations[sending.operation].order_id;
  for (const auto& earlier : evidence.history.sendings) {
    const auto& operation = evidence.history.operations[earlier.operation];
    const bool is_earlier = operation.kind == kind && operation.order_id == id &&
                            earlier.sent_at + evidence.retention < sending.sent_at;
    if (is_earlier) return evidence.book_failed;
  }
  return false;
}

/// The book refused to settle it, so that it was parked, and then the ledger lost it, so that
/// nobody else knows it: sales go on, and it is taken for new.
bool is_parked_alone(const Evidence& evidence, const std::string& order_id) {
  return evidence.ledger_lost_data && evidence.refused_orders.contains(order_id);
}

struct Taken {
  std::string content;
  Instant sent_at;
  Instant answered_at;
};

/// The ledger lost the order, and when it was sent with other content it was not in the book
/// either: only in a message that was still being confirmed, or in a worker's hands. A rebuild
/// waits for what is in the queue, and cannot see these. What is settled first stands.
bool was_under_way_at_a_loss(const Evidence& evidence, const Taken& first, const Sending& other) {
  const auto& losses = evidence.ledger_losses;
  return !other.was_settled && std::any_of(losses.begin(), losses.end(), [&](Instant at) {
    return first.sent_at <= at && at <= *other.answered_at;
  });
}

void check(const Evidence& evidence, OperationKind kind, Findings& found) {
  std::map<std::string, Taken> taken;
  for (const auto& sending : evidence.history.sendings) {
    const auto& operation = evidence.history.operations[sending.operation];
    if (operation.kind != kind || sending.knowledge != Knowledge::ok) continue;
    if (!sending.is_durable && evidence.ledger_lost_data) continue;
    if (was_forgotten(evidence, kind, sending)) continue;
    const auto id = kind == OperationKind::place ? operation.order_id.to_string()
                                                 : operation.refund_id.to_string();
    if (is_parked_alone(evidence, id)) continue;
    const auto content = content_of(operation);
    const auto [first, is_new] =
        taken.emplace(id, Taken{content, sending.sent_at, *sending.answered_at});
    const bool is_other = !is_new && first->second.content != content;
    const bool is_let_pass =
        kind == OperationKind::place && was_under_way_at_a_loss(evidence, first->second, sending);
    if (is_other && !is_let_pass) {
      found.push_back("I6: " + id + " was taken with two contents");
    }
    first->second.answered_at = std::min(first->second.answered_at, *sending.answered_at);
  }
  for (const auto& sending : evidence.history.sendings) {
    const auto& operation = evidence.history.operations[sending.operation];
    if (operation.kind != kind || sending.knowledge != Knowledge::refused) continue;
    const auto id = kind == OperationKind::place ? operation.order_id.to_string()
                                                 : operation.refund_id.to_string();
    const auto first = taken.find(id);
    if (is_parked_alone(evidence, id)) continue;
    // It may have been of an order that the ledger alone had.
    if (kind == OperationKind::refund && evidence.ledger_lost_data &&
        !evidence.orders.contains(operation.order_id.to_string())) {
      continue;
    }
    if (first == taken.end() || sending.sent_at <= first->second.answered_at) continue;
    if (sending.answer == "rebuilding" || sending.answer == "overloaded") continue;
    // Told without the ledger, which is closed until what was in the queue alone is in the book.
    if (sending.answer == "unknown_plan" && evidence.ledger_lost_data) continue;
    const bool same = first->second.content == content_of(operation);
    // The journal may have other content, taken for new, and not yet undone.
    if (sending.answer == "conflict" && was_forgotten(evidence, kind, sending)) continue;
    if (same) {
      found.push_back("I6: " + id + " had been taken and was answered " + sending.answer);
    } else if (sending.answer != "conflict") {
      found.push_back("I6: other content for " + id + " was answered " + sending.answer);
    }
  }
}

}  // namespace

Findings check_same_answer(const Evidence& evidence) {
  Findings found;
  check(evidence, OperationKind::place, found);
  check(evidence, OperationKind::refund, found);
  return found;
}

}  // namespace holdfast::sim::checkers
