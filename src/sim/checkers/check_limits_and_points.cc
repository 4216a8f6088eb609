#include <map>
#include <set>

#include "sim/checkers/checkers.h"

// What users have: points are the sum of their journal and of what their standing orders earn; no
// user holds more of a limited SKU than its limit, where the limit was never changed.

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

void check_limits(const Evidence& evidence, Findings& found) {
  std::set<std::string> changed;
  for (const auto& operation : evidence.history.operations) {
    if (operation.limit) changed.insert(operation.lines.front().sku);
  }
  for (const auto& stock : evidence.workload.stock) {
    if (!stock.purchase_limit || changed.contains(stock.sku)) continue;
    std::map<std::string, std::int64_t> held;
    for (const auto& [id, order] : evidence.orders) {
      if (order.status == "cancelled") continue;
      for (const auto& line : order.lines) {
        if (line.sku == stock.sku) held[order.user] += line.quantity;
      }
    }
    for (const auto& [id, refund] : evidence.refunds) {
      const auto order = evidence.orders.find(refund.order_id);
      if (refund.status != "refunded" || order == evidence.orders.end()) continue;
      for (const auto& line : refund.lines) {
        if (line.sku == stock.sku) held[order->second.user] -= line.quantity;
      }
    }
    for (const auto& [user, units] : held) {
      if (units > *stock.purchase_limit) {
        found.push_back("limits: " + user + " holds " + std::to_string(units) + " of " + stock.sku +
                        ", the limit is " + std::to_string(*stock.purchase_limit));
      }
    }
  }
}

}  // namespace

Findings check_limits_and_points(const Evidence& evidence) {
  Findings found;
  check_points(evidence, found);
  check_limits(evidence, found);
  return found;
}

}  // namespace holdfast::sim::checkers
