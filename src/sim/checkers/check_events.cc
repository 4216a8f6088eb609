#include <map>
#include <set>
#include <utility>

#include "sim/checkers/checkers.h"

// Events: what became of an order, a refund or a SKU was told to those who listen at least once,
// after its commit, and told again under the same id.

namespace holdfast::sim::checkers {
namespace {

using Told = std::set<std::pair<std::string, std::string>>;  // type and subject

bool is_completed(const std::string& status) {
  return status == "completed" || status == "partially_refunded" || status == "refunded";
}

/// Whether the book said so when it was told.
bool was_committed(const HeardEvent& event) {
  if (event.type == "order.completed") return is_completed(event.standing);
  if (event.type == "order.cancelled") return event.standing == "cancelled";
  if (event.type == "refund.refunded") return event.standing == "refunded";
  return event.type.starts_with("stock.") || !event.standing.empty();
}

void check_heard(const Evidence& evidence, Findings& found) {
  std::map<std::pair<std::string, std::string>, std::string> ids;
  std::map<std::string, std::string> meanings;
  for (const auto& event : evidence.heard) {
    const std::string what = event.type + " " + event.subject;
    if (!was_committed(event)) {
      found.push_back("events: " + what + " was told, the book says '" + event.standing + "'");
    }
    const auto meaning = meanings.emplace(event.id, what).first->second;
    if (meaning != what) found.push_back("events: one id for " + meaning + " and " + what);
    if (!event.type.starts_with("order.")) continue;
    const auto id = ids.emplace(std::pair(event.type, event.subject), event.id).first->second;
    if (id != event.id) found.push_back("events: two ids for " + what);
  }
}

Told told_of(const Evidence& evidence) {
  Told told;
  for (const auto& event : evidence.heard) told.emplace(event.type, event.subject);
  return told;
}

void check_told(const Evidence& evidence, Findings& found) {
  const Told told = told_of(evidence);
  const auto want = [&](const std::string& type, const std::string& subject) {
    if (!told.contains({type, subject}))
      found.push_back("events: nobody heard " + type + " " + subject);
  };
  for (const auto& [id, order] : evidence.orders) {
    want("order.accepted", id);
    if (is_completed(order.status)) want("order.completed", id);
    if (order.status == "cancelled") want("order.cancelled", id);
  }
  for (const auto& [id, refund] : evidence.refunds) {
    if (refund.status == "refunded") want("refund.refunded", id);
  }
  for (const auto& [sku, stock] : evidence.stock) {
    const bool sold_out = stock.loaded > 0 && stock.loaded - stock.sold + stock.returned == 0;
    if (sold_out) want("stock.sold_out", sku);
  }
}

}  // namespace

Findings check_events(const Evidence& evidence) {
  Findings found;
  check_heard(evidence, found);
  if (evidence.tells_events) check_told(evidence, found);
  return found;
}

}  // namespace holdfast::sim::checkers
