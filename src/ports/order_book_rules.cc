#include "ports/order_book_rules.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "domain/assert.h"
#include "domain/requests.h"

namespace holdfast {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

void replace_refund(std::vector<Refund>& refunds, const Refund& refund) {
  const auto found = std::find_if(refunds.begin(), refunds.end(),
                                  [&refund](const Refund& other) { return other.id == refund.id; });
  if (found == refunds.end()) {
    refunds.push_back(refund);
  } else {
    *found = refund;
  }
}

bool is_older(const Refund& a, const Refund& b) {
  return std::tie(a.requested_at, a.id) < std::tie(b.requested_at, b.id);
}

bool asks_the_same(const BeginStockChange& request, const StoredStockChange& stored) {
  const auto asked_delta = request.set_on_hand ? std::nullopt : std::optional(request.delta);
  return request.sku == stored.change.sku && request.reason == stored.change.reason &&
         asked_delta == stored.asked_delta && request.set_on_hand == stored.asked_on_hand;
}

}  // namespace

OrderChanges decide_all(std::vector<StandingOrder>& all, const OrderDecision& decide) {
  OrderChanges changes;
  for (auto& standing : all) {
    auto change = decide(standing.aggregate);
    auto& aggregate = standing.aggregate;
    if (change.order) {
      HF_ASSERT(standing.in_book);  // only a settlement inserts an order
      HF_ASSERT(change.order->id == aggregate.order.id);
      aggregate.order = *change.order;
      changes.orders.push_back(std::move(*change.order));
    }
    for (auto& refund : change.refunds) {
      HF_ASSERT(refund.order_id == aggregate.order.id);
      replace_refund(aggregate.refunds, refund);
      changes.refunds.push_back(std::move(refund));
    }
    std::sort(aggregate.refunds.begin(), aggregate.refunds.end(), is_older);
    append(changes.stock, std::move(change.stock));
    append(changes.points, std::move(change.points));
    append(changes.events, std::move(change.events));
    append(changes.parked, std::move(change.parked));
    append(changes.unparked, std::move(change.unparked));
    if (change.audit) changes.audit.push_back(std::move(*change.audit));
  }
  return changes;
}

BeginStockChangeResult decide_stock_change(const BeginStockChange& request,
                                           const StandingStock& standing) {
  using Outcome = BeginStockChangeOutcome;
  BeginStockChangeResult result;
  if (standing.stored) {
    result.outcome =
        asks_the_same(request, *standing.stored) ? Outcome::existed : Outcome::conflict;
    result.change = standing.stored->change;
    return result;
  }
  auto& change = result.change;
  change.change_id = request.change_id;
  change.kind = request.set_on_hand ? MovementKind::set : MovementKind::adjustment;
  change.sku = request.sku;
  change.reason = request.reason;
  change.at = request.at;
  if (!standing.on_hand) {
    result.outcome = Outcome::unknown_sku;
    return result;
  }
  const auto left = *standing.on_hand + standing.pending_taking;
  // Both are bounded before they are added, so that neither sum can overflow.
  const auto asked = request.set_on_hand.value_or(request.delta);
  if (asked < -bounds::kMaxOnHand || asked > bounds::kMaxOnHand) {
    result.outcome = Outcome::out_of_bounds;
    return result;
  }
  change.delta = request.set_on_hand ? *request.set_on_hand - left : request.delta;
  const auto becomes = left + change.delta;
  if (becomes < 0 || becomes > bounds::kMaxOnHand) result.outcome = Outcome::out_of_bounds;
  if (change.delta == 0) change.state = StockChange::State::applied;
  return result;
}

std::vector<ParkedMessage> one_per_subject(const std::vector<ParkedMessage>& messages) {
  std::map<std::string, ParkedMessage> by_subject;
  for (const auto& message : messages) {
    const auto [place, is_new] = by_subject.emplace(message.subject, message);
    if (is_new) continue;
    auto& kept = place->second;
    const auto first_at = std::min(kept.first_at, message.first_at);
    const auto attempts = std::max(kept.attempts, message.attempts);
    if (message.last_at >= kept.last_at) kept = message;
    kept.first_at = first_at;
    kept.attempts = attempts;
  }
  std::vector<ParkedMessage> each;
  each.reserve(by_subject.size());
  for (auto& [subject, message] : by_subject) each.push_back(std::move(message));
  return each;
}

}  // namespace holdfast
