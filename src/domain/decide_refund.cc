#include "domain/decide_refund.h"

#include <algorithm>
#include <map>
#include <utility>

#include "domain/assert.h"
#include "domain/defects.h"
#include "domain/transitions.h"

namespace holdfast {
namespace {

using UnitsBySku = std::map<Sku, std::int64_t>;

/// Its lines are nobody else's: it is under way, or an operator gave it up when something of it had
/// been given back already, which must not be given back again.
bool claims_its_lines(const Refund& refund) {
  if (is_under_way(refund.status)) return true;
  return refund.status == RefundStatus::failed &&
         std::any_of(refund.steps.begin(), refund.steps.end(),
                     [](const RefundStep& step) { return step.status == ReverseStatus::done; });
}

/// Units per line that no refund has given back or claims. Zero lines are kept, so that the keys
/// are the order's SKUs.
UnitsBySku units_left(const Order& order, const std::vector<Refund>& others) {
  UnitsBySku left;
  for (const OrderLine& line : order.lines) {
    left[line.sku] = line.quantity.units - line.refunded.units;
  }
  for (const Refund& other : others) {
    if (!claims_its_lines(other)) continue;
    for (const RefundLine& line : other.lines) {
      const auto found = left.find(line.sku);
      HF_ASSERT(found != left.end());
      found->second -= line.quantity.units;
    }
  }
  for (const auto& [sku, units] : left) HF_ASSERT(units >= 0);  // I5
  return left;
}

/// The lines to be given back, sorted by SKU: those asked for, or all that is left.
std::vector<RefundLine> claimed_lines(const RefundRequest& request, const UnitsBySku& left) {
  std::vector<RefundLine> lines;
  if (request.lines) {
    lines = *request.lines;
    std::sort(lines.begin(), lines.end(),
              [](const RefundLine& a, const RefundLine& b) { return a.sku < b.sku; });
    return lines;
  }
  for (const auto& [sku, units] : left) {
    if (units > 0) lines.push_back(RefundLine{sku, Quantity{units}, true});
  }
  return lines;
}

/// Precondition of this and the next two: every line's SKU is a key of `left`.
bool exceeds(const std::vector<RefundLine>& lines, const UnitsBySku& left) {
  return lines.empty() || std::any_of(lines.begin(), lines.end(), [&left](const RefundLine& line) {
           return line.quantity.units > left.at(line.sku);
         });
}

bool covers_all(const std::vector<RefundLine>& lines, UnitsBySku left) {
  for (const RefundLine& line : lines) left.at(line.sku) -= line.quantity.units;
  return std::all_of(left.begin(), left.end(),
                     [](const auto& remaining) { return remaining.second <= 0; });
}

Money amount_of_lines(const Order& order, const std::vector<RefundLine>& lines) {
  Money amount;
  for (const RefundLine& line : lines) {
    const auto sold =
        std::find_if(order.lines.begin(), order.lines.end(),
                     [&line](const OrderLine& candidate) { return candidate.sku == line.sku; });
    HF_ASSERT(sold != order.lines.end());
    amount += sold->unit_price * line.quantity;
  }
  return amount;
}

/// Faults of the request, alone and held against the order's lines.
std::vector<FieldError> faults_of(const RefundRequest& request, const UnitsBySku& left) {
  std::vector<FieldError> errors = validate(request);
  if (!request.lines) return errors;
  bool skus_known = true;
  for (std::size_t i = 0; i < request.lines->size(); ++i) {
    const Sku& sku = (*request.lines)[i].sku;
    if (left.contains(sku)) continue;
    skus_known = false;
    if (is_valid_name(sku.value)) {
      errors.push_back({"/lines/" + std::to_string(i) + "/sku", "the order has no such line"});
    }
  }
  // Stopping an order takes it back as a whole: there is no part of it that could go on.
  if (request.when_incomplete == WhenIncomplete::preempt && skus_known &&
      !covers_all(*request.lines, left)) {
    errors.push_back({"/when_incomplete", "only a refund of all that is left can pre-empt"});
  }
  return errors;
}

/// The statuses that end a request before its lines are looked at.
std::optional<RefundRequestOutcome> refusal_by_status(OrderStatus status) {
  switch (status) {
    case OrderStatus::cancelling:
    case OrderStatus::cancelled: return RefundRequestOutcome::order_cancelled;
    case OrderStatus::refunded: return RefundRequestOutcome::already_refunded;
    case OrderStatus::accepted:
    case OrderStatus::processing:
    case OrderStatus::completed:
    case OrderStatus::partially_refunded: return std::nullopt;
  }
  HF_UNREACHABLE("no known order status");
}

/// Reverse dependency order: what was built last is taken down first.
std::vector<RefundStep> steps_to_reverse(const Order& order, Instant now) {
  std::vector<RefundStep> steps;
  for (auto step = order.steps.rbegin(); step != order.steps.rend(); ++step) {
    RefundStep reverse;
    reverse.name = step->name;
    reverse.updated_at = now;
    steps.push_back(std::move(reverse));
  }
  return steps;
}

void give_back(Order& order, const RefundLine& line) {
  const auto sold =
      std::find_if(order.lines.begin(), order.lines.end(),
                   [&line](const OrderLine& candidate) { return candidate.sku == line.sku; });
  HF_ASSERT(sold != order.lines.end());
  HF_ASSERT(line.quantity.units >= 1);
  HF_ASSERT(line.quantity <= sold->quantity - sold->refunded);  // I5
  sold->refunded = sold->refunded + line.quantity;
  if (!line.restock) sold->kept_off_sale = sold->kept_off_sale + line.quantity;
}

bool was_done(const Order& order, const StepName& name) {
  return std::any_of(order.steps.begin(), order.steps.end(), [&name](const Step& step) {
    return step.name == name && step.status == StepStatus::done;
  });
}

bool is_open(const RefundStep& step) {
  return !step.given_up &&
         (step.status == ReverseStatus::pending || step.status == ReverseStatus::running);
}

/// The refund as it ends, its local steps carried out in the same transaction.
Refund ended(const Order& order, Refund refund, Instant now) {
  refund.status = next(refund.status, RefundEvent::reversed);
  for (RefundStep& step : refund.steps) {
    if (!is_open(step)) continue;
    const bool done = was_done(order, step.name);
    step.status = next(step.status, done ? ReverseEvent::succeeded : ReverseEvent::found_unneeded);
    if (done) step.attempts += 1;
    step.updated_at = now;
  }
  refund.refunded_at = now;
  refund.next_check_at.reset();
  refund.error.reset();
  // Units kept off sale go to Redis too: the buyer's count towards a purchase limit falls.
  refund.stock_released = refund.lines.empty();
  return refund;
}

Refund voided(Refund refund) {
  refund.status = next(refund.status, RefundEvent::order_cancelled);
  refund.next_check_at.reset();
  refund.error.reset();
  return refund;
}

/// The refund stopped its order before the book had it: nothing was taken, nothing is given back.
Refund stopped_before_it_began(Refund refund, Instant now) {
  refund.status = next(next(refund.status, RefundEvent::preempted), RefundEvent::reversed);
  refund.amount = Money{0};
  for (RefundStep& step : refund.steps) {
    step.status = next(step.status, ReverseEvent::found_unneeded);
    step.updated_at = now;
  }
  refund.refunded_at = now;
  refund.next_check_at.reset();
  refund.error.reset();
  return refund;
}

}  // namespace

std::int64_t points_for(Money amount, std::int64_t per) {
  HF_ASSERT(amount.minor >= 0 && per >= 1);
  return amount.minor / per;
}

RefundDecision decide_refund_repeat(const Refund& standing, const std::string& fingerprint) {
  if (standing.fingerprint != fingerprint && !HF_DEFECT(ignore_refund_content)) {
    return {RefundRequestOutcome::conflict, {}, {}};
  }
  return {RefundRequestOutcome::replayed, standing, {}};
}

RefundDecision decide_refund_request(const Order& order, const std::vector<Refund>& others,
                                     const RefundId& id, const std::string& fingerprint,
                                     const RefundRequest& request, const RefundPolicy& policy,
                                     Instant now) {
  const auto same = std::find_if(others.begin(), others.end(),
                                 [&id](const Refund& other) { return other.id == id; });
  if (same != others.end()) return decide_refund_repeat(*same, fingerprint);
  if (const auto refusal = refusal_by_status(order.status)) return {*refusal, {}, {}};

  const UnitsBySku left = units_left(order, others);
  std::vector<FieldError> errors = faults_of(request, left);
  if (!errors.empty()) return {RefundRequestOutcome::invalid, {}, std::move(errors)};
  std::vector<RefundLine> lines = claimed_lines(request, left);
  if (exceeds(lines, left) && !HF_DEFECT(refund_sums_unchecked)) {
    return {RefundRequestOutcome::refund_exceeds_order, {}, {}};
  }

  Refund refund;
  refund.id = id;
  refund.order_id = order.id;
  refund.fingerprint = fingerprint;
  if (is_complete(order.status)) refund.status = next(refund.status, RefundEvent::order_completed);
  refund.amount = amount_of_lines(order, lines);
  refund.whole = covers_all(lines, left);
  refund.lines = std::move(lines);
  refund.when_incomplete = request.when_incomplete;
  refund.reason = request.reason;
  // Also of a refund that is reversed at once: the sweep finds it if its message is lost.
  refund.next_check_at = now + std::min(policy.delay, policy.max_wait);
  refund.steps = steps_to_reverse(order, now);
  refund.requested_at = now;
  return {RefundRequestOutcome::accepted, std::move(refund), {}};
}

RefundCheck decide_refund_check(const Order& order, const Refund& refund,
                                const RefundPolicy& policy, Instant now) {
  HF_ASSERT(refund.order_id == order.id);
  RefundCheck check{RefundCheckOutcome::nothing, refund};
  if (refund.status == RefundStatus::reversing) {
    check.outcome = RefundCheckOutcome::reverse;  // its message may have been lost
    check.refund.next_check_at = now + policy.delay;
    return check;
  }
  if (refund.status != RefundStatus::waiting) return check;

  check.refund.checks += 1;
  const Instant overdue_at = refund.requested_at + policy.max_wait;
  const bool overdue = now >= overdue_at;
  const bool preempts =
      refund.whole && (overdue || refund.when_incomplete == WhenIncomplete::preempt);
  switch (order.status) {
    case OrderStatus::completed:
    case OrderStatus::partially_refunded:
      check.outcome = RefundCheckOutcome::reverse;
      check.refund.status = next(refund.status, RefundEvent::order_completed);
      check.refund.next_check_at = now + policy.delay;
      return check;
    case OrderStatus::cancelled:
      check.outcome = RefundCheckOutcome::ended;
      check.refund = order.preempted_by == refund.id ? stopped_before_it_began(check.refund, now)
                                                     : voided(check.refund);
      return check;
    case OrderStatus::accepted:
    case OrderStatus::processing:
    case OrderStatus::cancelling:
      check.outcome = preempts && order.status != OrderStatus::cancelling
                          ? RefundCheckOutcome::preempt
                          : RefundCheckOutcome::hold;
      check.refund.next_check_at = now + policy.delay;
      // The next look is the one that pre-empts.
      if (refund.whole && !overdue && overdue_at < *check.refund.next_check_at) {
        check.refund.next_check_at = overdue_at;
      }
      if (overdue && !refund.whole) {
        check.refund.error =
            "held for longer than refund.max_wait: it takes back a part, which "
            "cannot pre-empt the order; it goes on as soon as the order completes";
      }
      return check;
    case OrderStatus::refunded:
      // Asked for when the order's id stood for more than what was settled under it in the end.
      check.outcome = RefundCheckOutcome::ended;
      check.refund = voided(check.refund);
      check.refund.error = "nothing of its order is left to give back";
      return check;
  }
  HF_UNREACHABLE("no order that a held refund can have");
}

Reversal decide_reversal(const Order& order, const Refund& refund, std::int64_t points_per,
                         Instant now) {
  HF_ASSERT(refund.order_id == order.id);
  HF_ASSERT(refund.status == RefundStatus::reversing ||
            refund.status == RefundStatus::needs_attention);
  HF_ASSERT(is_complete(order.status));
  Reversal reversal;
  reversal.order = order;
  Order& left = reversal.order;
  for (const RefundLine& line : refund.lines) {
    give_back(left, line);
    reversal.returned.push_back({line.sku, line.quantity.units, line.restock});
  }
  left.refunded_amount += refund.amount;
  HF_ASSERT(left.refunded_amount <= left.amount);  // I5
  const bool in_full = std::all_of(left.lines.begin(), left.lines.end(), [](const OrderLine& line) {
    return line.refunded == line.quantity;
  });
  left.status =
      next(left.status, in_full ? OrderEvent::refunded_in_full : OrderEvent::refunded_in_part);
  left.points_earned =
      points_per == 0 ? 0 : points_for(left.amount - left.refunded_amount, points_per);
  reversal.points_delta = left.points_earned - order.points_earned;
  HF_ASSERT(reversal.points_delta <= 0);
  reversal.refund = ended(order, refund, now);
  return reversal;
}

}  // namespace holdfast
