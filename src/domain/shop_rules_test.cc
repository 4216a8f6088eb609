#include <algorithm>

#include "domain/samples_for_test.h"
#include "domain/shop_for_test.h"

// What must hold of the shop in shop_test.cc, by the names of the invariants.

namespace holdfast::samples {
namespace {

std::int64_t units_kept_by_buyer(const OrderLine& line) {
  return line.quantity.units - line.refunded.units;
}

bool was_complete(OrderStatus status) {
  return is_complete(status) || status == OrderStatus::refunded;
}

bool has_ended(const Refund& refund) {
  return is_final(refund.status) && refund.status != RefundStatus::needs_attention;
}

const StepReversal* reversal_by(const Refund& refund, const StepName& name) {
  for (const RefundStep& step : refund.steps) {
    if (step.name == name) return &step;
  }
  return nullptr;
}

bool is_parked(const OrderAggregate& rows, const StepAction& action) {
  const Step* const step = find_step(rows.order, action.step);
  if (step == nullptr) return false;
  if (action.direction == Direction::forward) return step->parked;
  OrderAggregate copy = rows;
  const StepReversal* const reversal = find_reversal(copy, action);
  return reversal != nullptr && reversal->parked;
}

}  // namespace

void Shop::check_writing(const Sale& of, const OrderAggregate& after) {
  const Order& before = of.rows.order;
  const Order& order = after.order;
  const bool ended =
      before.status == OrderStatus::cancelled || before.status == OrderStatus::refunded;
  if (ended && (order.status != before.status || order.reason != before.reason ||
                order.lines != before.lines || order.refunded_amount != before.refunded_amount)) {
    broken_ = "I3: an order left its end";
  }
  for (const Refund& was : of.rows.refunds) {
    const auto now = std::find_if(after.refunds.begin(), after.refunds.end(),
                                  [&was](const Refund& each) { return each.id == was.id; });
    if (now == after.refunds.end()) {
      broken_ = "I7: a refund was lost";
    } else if (has_ended(was) && (now->status != was.status || now->amount != was.amount)) {
      broken_ = "I7: a refund left its end";
    } else if (now->status == RefundStatus::failed) {
      provider_.write_off(order.id, was.id.to_string());
    }
  }
}

void Shop::check_repeat(const OrderAggregate& after) {
  Progress again;
  again.aggregate = after;
  advance(again, kShopPolicy, now_);
  if (again.aggregate != after || !again.dispatches.empty() || !again.returned.empty() ||
      !again.points.empty() || !again.parkings.empty() || !again.unparked.empty()) {
    broken_ = "to advance again is to do something again";
  }
  if (after.order.next_check_at && *after.order.next_check_at <= now_) {
    broken_ = "something is due still that was just looked at";
  }
}

std::optional<std::string> Shop::money_violation(const Sale& of) const {
  const Order& order = of.rows.order;
  Money given_back;
  std::map<Sku, std::int64_t> returned;
  std::map<Sku, std::int64_t> claimed;
  for (const Refund& each : of.rows.refunds) {
    const bool ended = each.status == RefundStatus::refunded;
    if (ended) given_back += each.amount;
    for (const RefundLine& line : each.lines) {
      if (ended) returned[line.sku] += line.quantity.units;
      if (ended || is_under_way(each.status)) claimed[line.sku] += line.quantity.units;
    }
  }
  if (given_back > order.amount) return "I5: more money went back than was paid";
  if (given_back != order.refunded_amount) return "I5: the order does not know what went back";
  // A refund that stops its order takes all of it, whatever others had claimed of it.
  const bool is_stopped = order.preempted_by.has_value();
  Money left;
  for (const OrderLine& line : order.lines) {
    const std::int64_t units = returned.contains(line.sku) ? returned.at(line.sku) : 0;
    if (!is_stopped && units != line.refunded.units) {
      return "I5: a line does not know what went back";
    }
    if (!is_stopped && claimed.contains(line.sku) && claimed.at(line.sku) > line.quantity.units) {
      return "I5: more units are claimed than were bought";
    }
    if (!is_stopped && line.kept_off_sale > line.refunded) {
      return "I5: more kept off sale than refunded";
    }
    left += Money{line.unit_price.minor * units_kept_by_buyer(line)};
  }
  const auto per = points_per(order);
  if (was_complete(order.status) && per > 0 && order.points_earned != left.minor / per) {
    return "points: not the floor of what remains";
  }
  return std::nullopt;
}

std::optional<std::string> Shop::stock_violation(const Sku& sku, const Stock& stock) const {
  std::int64_t taken = 0;
  std::int64_t sold = 0;
  for (const Sale& each : sales_) {
    const bool cancelled = each.rows.order.status == OrderStatus::cancelled;
    for (const OrderLine& line : each.rows.order.lines) {
      if (line.sku != sku) continue;
      const std::int64_t kept = cancelled ? 0 : units_kept_by_buyer(line);
      // What a refund that stops the order will keep off sale is still the order's.
      const std::int64_t off_sale =
          cancelled || was_complete(each.rows.order.status) ? line.kept_off_sale.units : 0;
      taken += kept + off_sale;
      if (each.deducted || cancelled) sold += kept + off_sale;
    }
  }
  if (stock.sold - stock.returned > stock.loaded) return "I1: " + sku.value + " is oversold";
  if (stock.available < 0) return "I1: " + sku.value + " is below zero";
  if (stock.sold - stock.returned != sold) return "I2: the book of " + sku.value;
  if (stock.available != stock.loaded + stock.phantoms - taken) {
    return "I2: the ledger of " + sku.value;
  }
  return std::nullopt;
}

std::optional<std::string> Shop::parked_violation() const {
  for (const auto& [key, parked] : parked_) {
    if (!is_parked(sales_[parked.sale].rows, parked.action)) return "nobody waits for " + key;
  }
  const auto is_seen = [this](const StepAction& action) {
    if (parked_.contains(action.idempotency_key())) return true;
    return std::any_of(messages_.begin(), messages_.end(), [&action](const Message& message) {
      return message.retried && message.action == action;
    });
  };
  for (const Sale& of : sales_) {
    std::vector<StepAction> waiting;
    const OrderId& id = of.rows.order.id;
    for (const Step& step : of.rows.order.steps) {
      if (step.parked) waiting.push_back({id, step.name, Direction::forward, ""});
      if (step.compensation && step.compensation->parked) {
        waiting.push_back({id, step.name, Direction::reverse, "cancel"});
      }
      if (step.late && step.late->parked) {
        waiting.push_back({id, step.name, Direction::reverse, "late"});
      }
    }
    for (const Refund& refund : of.rows.refunds) {
      bool any = false;
      for (const RefundStep& step : refund.steps) {
        if (!step.parked) continue;
        any = true;
        waiting.push_back({id, step.name, Direction::reverse, refund.id.to_string()});
      }
      if (refund.status == RefundStatus::needs_attention && !any) {
        return "a refund needs attention and nobody knows why";
      }
    }
    for (const StepAction& action : waiting) {
      if (!is_seen(action)) return "no operator sees " + action.idempotency_key();
    }
  }
  return std::nullopt;
}

std::optional<std::string> Shop::violation() const {
  if (broken_) return broken_;
  if (provider_.complaint()) return provider_.complaint();
  std::int64_t points = 0;
  for (const Sale& each : sales_) {
    if (auto found = money_violation(each)) return found;
    points += each.rows.order.points_earned;
  }
  if (points != points_balance_) return "points: the balance is not the sum over the orders";
  if (points_balance_ < 0) return "points: the balance is below zero";
  for (const auto& [sku, stock] : stock_) {
    if (auto found = stock_violation(sku, stock)) return found;
  }
  return parked_violation();
}

/// What the provider holds of one step is what the order says.
std::optional<std::string> Shop::provider_violation(const Sale& of, const Step& step) const {
  const Order& order = of.rows.order;
  const std::string what = order.id.to_string() + "/" + step.name.value;
  bool given_up = step.late && step.late->given_up;
  given_up = given_up || (step.compensation && step.compensation->given_up);
  std::int64_t given_back = 0;
  for (const Refund& refund : of.rows.refunds) {
    const StepReversal* const reversal = reversal_by(refund, step.name);
    const auto amount = provider_.given_back(order.id, step.name, refund.id.to_string());
    given_up = given_up || refund.status == RefundStatus::failed;
    if (reversal->status == ReverseStatus::done) {
      if (!amount) return "I4: " + what + " was not given back for " + refund.id.to_string();
      given_back += *amount;
    } else if (amount && refund.status != RefundStatus::failed) {
      return "I4: " + what + " was given back for " + refund.id.to_string();
    }
  }
  if (given_up) return std::nullopt;
  const std::int64_t kept = provider_.kept(order.id, step.name);
  if (was_complete(order.status)) {
    if (!provider_.has_taken(order.id, step.name)) return "I4: " + what + " did not take place";
    if (kept != order.amount.minor - given_back) return "I5: " + what + " keeps the wrong amount";
    if (step.reversible && kept != (order.amount - order.refunded_amount).minor) {
      return "I5: " + what + " does not keep what the order says";
    }
  } else if (step.reversible && kept != 0) {
    return "I4: " + what + " of a cancelled order keeps something";
  }
  return std::nullopt;
}

std::optional<std::string> Shop::provider_violation(const Sale& of) const {
  const Order& order = of.rows.order;
  for (const Step& step : order.steps) {
    if (is_local(step.kind)) continue;
    if (auto found = provider_violation(of, step)) return found;
  }
  if (!order.preempted_by) return std::nullopt;
  for (const Refund& refund : of.rows.refunds) {
    if (refund.id != *order.preempted_by || refund.status != RefundStatus::refunded) continue;
    std::int64_t most = 0;
    for (const Step& step : order.steps) {
      // A worker does not say how much it gave back of what it did not know to have taken.
      const StepReversal* const reversal = reversal_by(refund, step.name);
      if (step.kind == StepKind::amqp && reversal->forward_unknown) return std::nullopt;
      const auto amount =
          provider_.given_back(order.id, step.name, refund.id.to_string()).value_or(0);
      most = std::max(most, amount);
    }
    if (refund.amount.minor != most) return "I5: a refund says more or less than was given back";
  }
  return std::nullopt;
}

std::optional<std::string> Shop::violation_at_rest() const {
  if (!parked_.empty()) return "somebody is waited for";
  for (const Sale& each : sales_) {
    const Order& order = each.rows.order;
    if (!is_final(order.status)) return "I3: an order did not end";
    if (order.next_check_at) return "something is due of an order at rest";
    for (const Refund& refund : each.rows.refunds) {
      if (!has_ended(refund)) return "I7: a refund did not end";
      if (refund.next_check_at) return "something is due of a refund at rest";
    }
    if (auto found = provider_violation(each)) return found;
  }
  return violation();
}

std::map<std::string, int> Shop::tally() const {
  std::map<std::string, int> found = tally_;
  for (const Sale& each : sales_) {
    const Order& order = each.rows.order;
    ++found["order " + std::string{to_string(order.status)}];
    if (order.reason) ++found["because " + std::string{to_string(*order.reason)}];
    for (const Refund& refund : each.rows.refunds) {
      ++found["refund " + std::string{to_string(refund.status)}];
    }
  }
  return found;
}

}  // namespace holdfast::samples
