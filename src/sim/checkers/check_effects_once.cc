#include <algorithm>
#include <map>
#include <set>

#include "sim/checkers/checkers.h"

// I4: the provider did each forward once, and once for certain where the order is complete; a
// reverse at most once per cause, after its forward (or where nobody can know whether there was
// one). In the book, an order moves its stock and its points once, and each refund and cancellation
// moves them back at most once.

namespace holdfast::sim::checkers {
namespace {

/// An operator gave up something of the order; a refund fails only by that, also where the process
/// died before it noted who did it.
bool is_given_up(const Evidence& evidence, const std::string& order_id) {
  const bool is_noted =
      std::any_of(evidence.given_up.begin(), evidence.given_up.end(),
                  [&](const auto& what) { return what.find(order_id) != std::string::npos; });
  return is_noted ||
         std::any_of(evidence.refunds.begin(), evidence.refunds.end(), [&](const auto& refund) {
           return refund.second.order_id == order_id && refund.second.status == "failed";
         });
}

void check_provider(const Evidence& evidence, Findings& found) {
  std::map<std::string, int> forward;
  std::map<std::string, int> by_key;
  std::map<std::string, std::int64_t> given_back;
  std::map<std::string, std::int64_t> taken;
  for (const auto& record : evidence.provided) {
    const std::string what = record.order_id + "/" + record.step;
    if (++by_key[record.key] > 1) found.push_back("I4: twice " + record.key);
    if (!record.reverse) {
      ++forward[what];
      taken[what] = record.amount;
      continue;
    }
    given_back[what] += record.amount;
    const auto order = evidence.orders.find(record.order_id);
    if (forward[what] > 0) continue;
    bool may_be_unknown = false;
    if (order != evidence.orders.end()) {
      for (const auto& step : order->second.steps) {
        if (step.name == record.step) {
          may_be_unknown = step.outcome_unknown || step.status == "unknown" || step.kind == "await";
        }
      }
    }
    if (!may_be_unknown) found.push_back("I4: reversed before it was done: " + record.key);
  }
  for (const auto& [what, times] : forward) {
    if (times > 1) found.push_back("I4: done " + std::to_string(times) + " times: " + what);
  }
  for (const auto& [id, order] : evidence.orders) {
    for (const auto& step : order.steps) {
      if (step.kind != "http" && step.kind != "amqp") continue;
      const std::string what = id + "/" + step.name;
      const bool stands = order.status == "completed" || order.status == "partially_refunded";
      if (stands && forward[what] != 1) {
        found.push_back("I4: order " + id + " is " + order.status + " without " + step.name);
      }
      // What an operator has given up stays as it was.
      if (is_given_up(evidence, id)) continue;
      const bool undone = order.status == "cancelled" || order.status == "refunded";
      if (undone && forward[what] == 1 && given_back[what] != taken[what]) {
        found.push_back("I4: order " + id + " is " + order.status + "; of " + step.name + " " +
                        std::to_string(taken[what]) + " were taken, " +
                        std::to_string(given_back[what]) + " given back");
      }
      if (order.status == "partially_refunded" && given_back[what] != order.refunded_amount) {
        found.push_back("I4: order " + id + " was refunded " +
                        std::to_string(order.refunded_amount) + ", " + step.name + " gave back " +
                        std::to_string(given_back[what]));
      }
    }
  }
}

void check_journals(const Evidence& evidence, Findings& found) {
  std::map<std::string, int> moved;
  for (const auto& movement : evidence.stock_journal) {
    if (++moved[movement.kind + " " + movement.cause + " " + movement.subject] > 1) {
      found.push_back("I4: stock of " + movement.subject + " moved twice by " + movement.kind +
                      " " + movement.cause);
    }
  }
  moved.clear();
  for (const auto& movement : evidence.points_journal) {
    if (++moved[movement.kind + " " + movement.cause] > 1) {
      found.push_back("I4: points of " + movement.subject + " moved twice by " + movement.kind +
                      " " + movement.cause);
    }
  }
}

}  // namespace

Findings check_effects_once(const Evidence& evidence) {
  Findings found;
  check_provider(evidence, found);
  check_journals(evidence, found);
  return found;
}

}  // namespace holdfast::sim::checkers
