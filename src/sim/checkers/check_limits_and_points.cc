#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "sim/checkers/checkers.h"

// What users have: points are the sum of their journal and of what their standing orders earn; no
// user holds more of a limited SKU than its limit, where that was never changed nor the ledger
// lost; and the ledger knows each limit, and of each user what counts towards it.

namespace holdfast::sim::checkers {
namespace {

void check_points(const Evidence& evidence, Findings& found) {
  std::map<std::string, std::int64_t> sums;
  for (const auto& movement : evidence.points_journal) sums[movement.subject] += movement.delta;
  for (const auto& [user, sum] : sums) {
    const auto balance = evidence.points.find(user);
    if (balance == evidence.points.end() || balance->second != sum) {
      found.push_back("points: " + user + " has not the sum of the journal, " +
                      std::to_string(sum));
    }
  }
  for (const auto& [id, order] : evidence.orders) {
    std::int64_t moved = 0;
    std::set<std::string> causes{id};
    for (const auto& [refund_id, refund] : evidence.refunds) {
      if (refund.order_id == id) causes.insert(refund_id);
    }
    for (const auto& movement : evidence.points_journal) {
      if (causes.contains(movement.cause)) moved += movement.delta;
    }
    const bool nothing_kept = order.status == "cancelled" || order.status == "refunded";
    if (nothing_kept && moved != 0) {
      found.push_back("points: order " + id + " is " + order.status + " and keeps " +
                      std::to_string(moved));
    }
    bool earns = false;
    for (const auto& step : order.steps) earns = earns || step.kind == "points";
    if (order.status == "completed" && earns && moved != order.points_earned) {
      found.push_back("points: order " + id + " earned " + std::to_string(order.points_earned) +
                      ", got " + std::to_string(moved));
    }
  }
}

/// Units of a SKU per user, over orders that stand and without what was refunded.
std::map<std::string, std::int64_t> units_held(const Evidence& evidence, const std::string& sku) {
  std::map<std::string, std::int64_t> held;
  const auto stands = [](const OrderEvidence& order) { return order.status != "cancelled"; };
  for (const auto& [id, order] : evidence.orders) {
    if (!stands(order)) continue;
    for (const auto& line : order.lines) {
      if (line.sku == sku) held[order.user] += line.quantity;
    }
  }
  for (const auto& [id, refund] : evidence.refunds) {
    const auto order = evidence.orders.find(refund.order_id);
    if (refund.status != "refunded" || order == evidence.orders.end()) continue;
    if (!stands(order->second)) continue;
    for (const auto& line : refund.lines) {
      if (line.sku == sku) held[order->second.user] -= line.quantity;
    }
  }
  std::erase_if(held, [](const auto& user) { return user.second == 0; });
  return held;
}

void check_limits_kept(const Evidence& evidence, Findings& found) {
  // An order that was taken before the ledger forgot it is kept, though its user may have bought
  // anew meanwhile.
  if (evidence.ledger_lost_data) return;
  std::set<std::string> changed;
  for (const auto& operation : evidence.history.operations) {
    if (operation.limit || operation.removes_limit) changed.insert(operation.lines.front().sku);
  }
  for (const auto& stock : evidence.workload.stock) {
    if (!stock.purchase_limit || changed.contains(stock.sku)) continue;
    for (const auto& [user, units] : units_held(evidence, stock.sku)) {
      if (units > *stock.purchase_limit) {
        found.push_back("limits: " + user + " holds " + std::to_string(units) + " of " + stock.sku +
                        ", the limit is " + std::to_string(*stock.purchase_limit));
      }
    }
  }
}

std::string text_of(const std::optional<std::int64_t>& limit) {
  return limit ? std::to_string(*limit) : "none";
}

/// The ledger has each SKU's limit as the book has it, and counts for each user what he holds.
void check_limits_known(const Evidence& evidence, Findings& found) {
  for (const auto& [sku, stock] : evidence.stock) {
    const auto level = evidence.levels.find(sku);
    if (level == evidence.levels.end()) continue;  // that is told of where stock is counted
    if (level->second.limit_changing) found.push_back("limits: " + sku + " is busy for ever");
    if (level->second.purchase_limit != stock.purchase_limit) {
      found.push_back("limits: that of " + sku + " is " + text_of(stock.purchase_limit) +
                      " in the book, " + text_of(level->second.purchase_limit) + " in the ledger");
    }
    if (!stock.purchase_limit) continue;
    auto counted = level->second.bought;
    std::erase_if(counted, [](const auto& user) { return user.second == 0; });
    const auto held = units_held(evidence, sku);
    if (counted == held) continue;
    std::string words = "limits: the ledger counts other units of " + sku + " than users hold:";
    for (const auto& [user, units] : held) words += " " + user + " holds " + std::to_string(units);
    for (const auto& [user, units] : counted) {
      words += ", " + user + " counts " + std::to_string(units);
    }
    found.push_back(std::move(words));
  }
}

}  // namespace

Findings check_limits_and_points(const Evidence& evidence) {
  Findings found;
  check_points(evidence, found);
  check_limits_kept(evidence, found);
  check_limits_known(evidence, found);
  return found;
}

}  // namespace holdfast::sim::checkers
