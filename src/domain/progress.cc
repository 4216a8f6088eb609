#include "domain/progress.h"

#include <algorithm>
#include <set>
#include <utility>

#include "domain/assert.h"
#include "domain/transitions.h"

namespace holdfast {
namespace {

bool is_done(const Order& order, const StepName& name) {
  const Step* step = find_step(order, name);
  return step != nullptr && step->status == StepStatus::done;
}

bool may_begin(const Order& order, const Step& step) {
  return std::all_of(step.after.begin(), step.after.end(),
                     [&order](const StepName& name) { return is_done(order, name); });
}

/// The other side may still act on it.
bool is_in_flight(const Step& step) {
  switch (step.status) {
    case StepStatus::running:
    case StepStatus::unknown: return true;
    case StepStatus::awaiting: return step.kind != StepKind::await;
    case StepStatus::pending:
    case StepStatus::done:
    case StepStatus::failed:
    case StepStatus::skipped: return false;
  }
  HF_UNREACHABLE("no known step status");
}

bool took_place_or_may_have(const Step& step) {
  return step.status == StepStatus::done || step.outcome_unknown;
}

/// There is something to be taken back, and a way to do so.
bool needs_reversal(const Step& step) {
  if (!took_place_or_may_have(step)) return false;
  return is_local(step.kind) || step.reversible;
}

void add_dependents(const Order& order, const StepName& name, std::set<StepName>& found) {
  for (const Step& step : order.steps) {
    const bool depends = std::find(step.after.begin(), step.after.end(), name) != step.after.end();
    if (depends && found.insert(step.name).second) add_dependents(order, step.name, found);
  }
}

bool is_due(const std::optional<Instant>& at, Instant now) {
  return at.has_value() && *at <= now;
}

void take_earlier(std::optional<Instant>& earliest, const std::optional<Instant>& candidate) {
  if (candidate && (!earliest || *candidate < *earliest)) earliest = candidate;
}

/// The reversals of one cause: a refund's, or the compensation's.
class Reversals {
 public:
  Reversals(Order& order, Refund* refund) : order_(order), refund_(refund) {}

  /// Writes down what is to be reversed and what is not; again changes nothing.
  void prepare(Instant now) {
    for (Step& step : order_.steps) {
      StepReversal* reversal = find(step);
      if (reversal == nullptr) {
        if (refund_ != nullptr) continue;  // a step the refund does not know of
        step.compensation = StepReversal{};
        reversal = &*step.compensation;
        reversal->updated_at = now;
      }
      if (reversal->status != ReverseStatus::pending) continue;
      reversal->forward_unknown = step.outcome_unknown;
      if (!needs_reversal(step)) {
        reversal->status = next(reversal->status, ReverseEvent::found_unneeded);
        reversal->updated_at = now;
      }
    }
  }

  StepReversal* find(Step& step) {
    if (refund_ == nullptr) return step.compensation ? &*step.compensation : nullptr;
    const auto found =
        std::find_if(refund_->steps.begin(), refund_->steps.end(),
                     [&step](const RefundStep& candidate) { return candidate.name == step.name; });
    return found == refund_->steps.end() ? nullptr : &*found;
  }

  /// What was built upon the step is taken down.
  bool is_free(const Step& step) {
    std::set<StepName> dependents;
    add_dependents(order_, step.name, dependents);
    return std::all_of(order_.steps.begin(), order_.steps.end(), [&](Step& other) {
      if (!dependents.contains(other.name) || is_local(other.kind)) return true;
      const StepReversal* reversal = find(other);
      return reversal == nullptr || is_settled(*reversal);
    });
  }

  bool remote_settled() {
    return std::all_of(order_.steps.begin(), order_.steps.end(), [this](Step& step) {
      if (is_local(step.kind)) return true;
      const StepReversal* reversal = find(step);
      return reversal == nullptr || is_settled(*reversal);
    });
  }

  /// Something is, or was, to be taken back by a call.
  bool any_remote() {
    return std::any_of(order_.steps.begin(), order_.steps.end(), [this](Step& step) {
      const StepReversal* reversal = is_local(step.kind) ? nullptr : find(step);
      return reversal != nullptr && reversal->status != ReverseStatus::not_needed;
    });
  }

  /// Something waits for an operator.
  bool any_parked() {
    return std::any_of(order_.steps.begin(), order_.steps.end(), [this](Step& step) {
      const StepReversal* reversal = find(step);
      return reversal != nullptr && reversal->parked;
    });
  }

  [[nodiscard]] std::string cause() const {
    return refund_ == nullptr ? std::string(kCauseCancel) : refund_->id.to_string();
  }

 private:
  Order& order_;
  Refund* refund_;
};

/// One pass over an order and its refunds. Lives for one call of `advance`.
class Pass {
 public:
  Pass(Progress& progress, const StepPolicy& policy, Instant now)
      : progress_(progress),
        order_(progress.aggregate.order),
        refunds_(progress.aggregate.refunds),
        policy_(policy),
        now_(now) {}

  void run() {
    if (order_.status == OrderStatus::processing) run_forward();
    if (order_.status == OrderStatus::cancelling) run_cancellation();
    if (is_complete(order_.status)) {
      for (Refund& refund : refunds_) run_refund(refund);
    }
    run_late();
    note_next_check();
  }

 private:
  void run_forward() {
    // The steps stand in dependency order, so one pass begins all that can be.
    for (Step& step : order_.steps) {
      if (step.status == StepStatus::pending && may_begin(order_, step)) begin(step);
      if (order_.status != OrderStatus::processing) return;
      bring_on(step);
      if (order_.status != OrderStatus::processing) return;
    }
    const bool all_done =
        std::all_of(order_.steps.begin(), order_.steps.end(),
                    [](const Step& step) { return step.status == StepStatus::done; });
    if (all_done) {
      complete();
    } else if (now_ >= order_.placed_at + policy_.order_deadline) {
      begin_cancellation(progress_, {CancelReason::timed_out, {}, {}}, now_);
    }
  }

  void begin(Step& step) {
    switch (step.kind) {
      case StepKind::stock: carry_out(step); return;
      case StepKind::points: {
        carry_out(step);
        const auto earned = points_for(order_.amount, step.points_per);
        order_.points_earned += earned;
        if (earned != 0) progress_.points.push_back({{EffectKind::order, {}}, earned});
        return;
      }
      case StepKind::await:
        step.status = next(step.status, StepEvent::deferred);
        step.deferred = true;
        step.next_at = now_ + step.wait;
        step.updated_at = now_;
        return;
      case StepKind::http:
      case StepKind::amqp:
        if (!step.next_at && !step.parked) dispatch_forward(step);
        return;
    }
    HF_UNREACHABLE("no known step kind");
  }

  void carry_out(Step& step) {
    step.status = next(step.status, StepEvent::succeeded);
    step.attempts += 1;
    step.updated_at = now_;
  }

  /// What has passed the time at which something should have come of it.
  void bring_on(Step& step) {
    if (!is_due(step.next_at, now_)) return;
    if (step.status == StepStatus::awaiting) {
      if (step.kind == StepKind::await) {
        step.status = next(step.status, StepEvent::given_up);
        step.timed_out = true;
        step.error = "nothing was reported within " + std::to_string(step.wait.count()) + " ms";
        step.next_at.reset();
        step.updated_at = now_;
        begin_cancellation(progress_, {CancelReason::timed_out, step.name, {}}, now_);
        return;
      }
      step.status = next(step.status, StepEvent::no_answer);
      step.error = "the other side took it and reported nothing in time";
      step.updated_at = now_;
    }
    dispatch_forward(step);
  }

  /// Its message is on its way. One that nobody has taken may stand in a long queue: it is sent
  /// again ever more rarely, so that the queue does not grow by it.
  template <class Side>
  void expect_message(Side& side) const {
    Milliseconds grace = policy_.dispatch_grace;
    if (side.dispatched) {
      const auto longest = std::max(grace, policy_.longest_grace);
      grace = std::clamp<Milliseconds>((now_ - side.updated_at) / 2, grace, longest);
    }
    side.next_at = now_ + grace;
    side.dispatched = true;
  }

  void dispatch_forward(Step& step) {
    expect_message(step);
    progress_.dispatches.push_back(
        dispatch_of(order_, {order_.id, step.name, Direction::forward, ""}));
  }

  void complete() {
    order_.status = next(order_.status, OrderEvent::steps_done);
    order_.completed_at = now_;
    for (Refund& refund : refunds_) {
      if (refund.status != RefundStatus::waiting) continue;
      refund.status = next(refund.status, RefundEvent::order_completed);
      refund.error.reset();
    }
  }

  void run_cancellation() {
    bool in_flight = false;
    for (Step& step : order_.steps) {
      if (!is_in_flight(step)) continue;
      in_flight = true;
      bring_on(step);
    }
    if (in_flight) return;
    Refund* preempting = preempting_refund();
    Reversals reversals(order_, preempting);
    reversals.prepare(now_);
    dispatch_reversals(reversals);
    if (preempting != nullptr) note_parked(*preempting, reversals);
    if (reversals.remote_settled()) end_cancellation(reversals, preempting);
  }

  /// The one whose reversals are the order's compensation, also when an operator has given it up.
  Refund* preempting_refund() {
    if (!order_.preempted_by) return nullptr;
    const auto found = std::find_if(refunds_.begin(), refunds_.end(), [this](const Refund& refund) {
      return refund.id == *order_.preempted_by;
    });
    HF_ASSERT(found != refunds_.end());
    return &*found;
  }

  void dispatch_reversals(Reversals& reversals) {
    for (auto step = order_.steps.rbegin(); step != order_.steps.rend(); ++step) {
      StepReversal* reversal = reversals.find(*step);
      if (is_local(step->kind) || reversal == nullptr) continue;
      if (is_settled(*reversal) || reversal->parked) continue;
      const bool begun = reversal->next_at.has_value();
      if (begun && !is_due(reversal->next_at, now_)) continue;
      if (!begun && !reversals.is_free(*step)) continue;
      expect_message(*reversal);
      progress_.dispatches.push_back(
          dispatch_of(order_, {order_.id, step->name, Direction::reverse, reversals.cause()}));
    }
  }

  void end_cancellation(Reversals& reversals, Refund* preempting) {
    for (Step& step : order_.steps) {
      StepReversal* reversal = reversals.find(step);
      if (!is_local(step.kind) || reversal == nullptr || is_settled(*reversal)) continue;
      reversal->status = next(reversal->status, ReverseEvent::succeeded);
      reversal->attempts += 1;
      reversal->updated_at = now_;
    }
    const EffectCause cause{EffectKind::cancellation, {}};
    if (order_.points_earned != 0) {
      progress_.points.push_back({cause, -order_.points_earned});
      order_.points_earned = 0;
    }
    for (const OrderLine& line : order_.lines) {
      const auto units = (line.quantity - line.kept_off_sale).units;
      if (units != 0) progress_.returned.push_back({cause, line.sku, units});
    }
    order_.stock_released = false;
    order_.status = next(order_.status, OrderEvent::compensated);
    if (preempting != nullptr) end_preempting(*preempting);
    for (Refund& refund : refunds_) {
      if (refund.status != RefundStatus::waiting) continue;
      refund.status = next(refund.status, RefundEvent::order_cancelled);
      refund.next_check_at.reset();
      refund.error.reset();
    }
  }

  void end_preempting(Refund& refund) {
    if (refund.status == RefundStatus::failed) return;
    refund.status = next(refund.status, RefundEvent::reversed);
    refund.amount = given_back(refund);
    refund.refunded_at = now_;
    refund.next_check_at.reset();
    refund.error.reset();
    // The order's own release brings its units back on sale.
    refund.stock_released = true;
    order_.refunded_amount = refund.amount;
  }

  /// The largest of what the other sides say they gave back; one that does not say took back the
  /// order's amount.
  Money given_back(const Refund& refund) const {
    Money most;
    for (const RefundStep& reversal : refund.steps) {
      const Step* step = find_step(order_, reversal.name);
      const bool called = step != nullptr && !is_local(step->kind);
      if (!called || reversal.status != ReverseStatus::done) continue;
      Money amount = order_.amount;
      if (reversal.amount) {
        amount = Money{std::clamp<std::int64_t>(*reversal.amount, 0, order_.amount.minor)};
      }
      most = std::max(most, amount);
    }
    return most;
  }

  /// Of several parked reversals one may have been sent again: the others still wait.
  static void note_parked(Refund& refund, Reversals& reversals) {
    if (refund.status == RefundStatus::reversing && reversals.any_parked()) {
      refund.status = next(refund.status, RefundEvent::parked);
    }
  }

  /// False: it was asked for when the order's id stood for more than what was settled under it in
  /// the end, which the ledger lets happen that has lost the order's first content.
  [[nodiscard]] bool has_all_of(const Refund& refund) const {
    return std::all_of(refund.lines.begin(), refund.lines.end(), [this](const RefundLine& line) {
      return std::any_of(order_.lines.begin(), order_.lines.end(), [&line](const OrderLine& sold) {
        return sold.sku == line.sku && line.quantity <= sold.quantity - sold.refunded;
      });
    });
  }

  void refuse(Refund& refund) {
    if (refund.status == RefundStatus::reversing) {
      refund.status = next(refund.status, RefundEvent::parked);
    }
    refund.status = next(refund.status, RefundEvent::discarded);
    refund.error = "it takes back more than is left of its order";
    refund.next_check_at.reset();
  }

  void run_refund(Refund& refund) {
    if (refund.status != RefundStatus::reversing &&
        refund.status != RefundStatus::needs_attention) {
      return;
    }
    if (!has_all_of(refund)) {
      refuse(refund);
      return;
    }
    Reversals reversals(order_, &refund);
    // What the book itself refused is brought on by an operator alone.
    if (refund.status == RefundStatus::needs_attention && !reversals.any_remote()) return;
    reversals.prepare(now_);
    dispatch_reversals(reversals);
    note_parked(refund, reversals);
    if (!reversals.remote_settled()) return;
    auto reversal = decide_reversal(order_, refund, points_per(order_), now_);
    const EffectCause cause{EffectKind::refund, refund.id};
    for (const auto& line : reversal.returned) {
      if (line.restock) progress_.returned.push_back({cause, line.sku, line.units});
    }
    if (reversal.points_delta != 0) progress_.points.push_back({cause, reversal.points_delta});
    order_ = std::move(reversal.order);
    refund = std::move(reversal.refund);
  }

  /// Money that came when nobody waited for it any more goes back whatever became of the order.
  void run_late() {
    for (Step& step : order_.steps) {
      if (!step.late || is_settled(*step.late) || step.late->parked) continue;
      if (step.late->next_at && !is_due(step.late->next_at, now_)) continue;
      expect_message(*step.late);
      progress_.dispatches.push_back(
          dispatch_of(order_, {order_.id, step.name, Direction::reverse, std::string(kCauseLate)}));
    }
  }

  void note_next_check() {
    if (order_.status == OrderStatus::accepted) return;
    std::optional<Instant> earliest;
    for (const Step& step : order_.steps) {
      take_earlier(earliest, step.next_at);
      if (step.compensation) take_earlier(earliest, step.compensation->next_at);
      if (step.late) take_earlier(earliest, step.late->next_at);
    }
    if (order_.status == OrderStatus::processing) {
      take_earlier(earliest, order_.placed_at + policy_.order_deadline);
    }
    // What a refund that stopped the order reverses is due of the order too: it goes on where an
    // operator has given the refund up.
    if (order_.status == OrderStatus::cancelling && order_.preempted_by) {
      for (const RefundStep& step : preempting_refund()->steps) {
        take_earlier(earliest, step.next_at);
      }
    }
    order_.next_check_at = earliest;
    for (Refund& refund : refunds_) {
      const bool runs = refund.status == RefundStatus::reversing ||
                        refund.status == RefundStatus::needs_attention;
      if (!runs) continue;
      std::optional<Instant> first;
      for (const RefundStep& step : refund.steps) take_earlier(first, step.next_at);
      // A pre-empting refund whose order still waits for an answer goes with its order.
      if (!first && refund.status == RefundStatus::reversing) first = now_ + policy_.refund.delay;
      refund.next_check_at = first;
    }
  }

  Progress& progress_;
  Order& order_;
  std::vector<Refund>& refunds_;
  const StepPolicy& policy_;
  Instant now_;
};

}  // namespace

void unpark(Progress& progress, const StepAction& action) {
  std::erase_if(progress.parkings,
                [&action](const StepParking& parking) { return parking.action == action; });
  progress.unparked.push_back(action);
}

Dispatch dispatch_of(const Order& order, StepAction action, Milliseconds delay) {
  return Dispatch{std::move(action), order.plan, order.plan_version, delay};
}

Step* find_step(Order& order, const StepName& name) {
  const auto found = std::find_if(order.steps.begin(), order.steps.end(),
                                  [&name](const Step& step) { return step.name == name; });
  return found == order.steps.end() ? nullptr : &*found;
}

const Step* find_step(const Order& order, const StepName& name) {
  return find_step(const_cast<Order&>(order), name);
}

StepReversal* find_reversal(OrderAggregate& aggregate, const StepAction& action) {
  HF_ASSERT(action.direction == Direction::reverse);
  Step* step = find_step(aggregate.order, action.step);
  if (step == nullptr) return nullptr;
  if (action.cause == kCauseLate) return step->late ? &*step->late : nullptr;
  if (action.cause == kCauseCancel) return step->compensation ? &*step->compensation : nullptr;
  for (Refund& refund : aggregate.refunds) {
    if (refund.id.to_string() == action.cause)
      return Reversals(aggregate.order, &refund).find(*step);
  }
  return nullptr;
}

bool is_settled(const StepReversal& reversal) {
  return reversal.given_up || reversal.status == ReverseStatus::done ||
         reversal.status == ReverseStatus::not_needed;
}

void begin_cancellation(Progress& progress, const Cancellation& cancellation, Instant now) {
  Order& order = progress.aggregate.order;
  if (order.status != OrderStatus::processing) return;
  order.status = next(order.status, OrderEvent::cancel_requested);
  order.reason = cancellation.reason;
  order.failed_step = cancellation.failed_step;
  order.preempted_by = cancellation.preempted_by;
  for (Step& step : order.steps) {
    const bool waits_for_party =
        step.status == StepStatus::awaiting && step.kind == StepKind::await;
    if (step.status == StepStatus::pending || waits_for_party) {
      step.status = next(step.status, StepEvent::skipped);
    } else if (step.status == StepStatus::unknown && step.parked) {
      // Its attempts are used up: nobody will know.
      step.status = next(step.status, StepEvent::given_up);
      step.outcome_unknown = true;
    } else {
      continue;
    }
    if (step.parked) {
      step.parked = false;
      unpark(progress, {order.id, step.name, Direction::forward, ""});
    }
    step.next_at.reset();
    step.updated_at = now;
  }
}

void take_back_everything(Refund& refund, Order& order) {
  std::vector<RefundLine> lines;
  for (OrderLine& sold : order.lines) {
    const auto asked =
        std::find_if(refund.lines.begin(), refund.lines.end(),
                     [&sold](const RefundLine& line) { return line.sku == sold.sku; });
    const bool restock = asked == refund.lines.end() || asked->restock;
    lines.push_back({sold.sku, sold.quantity, restock});
    if (!restock) sold.kept_off_sale = sold.quantity;
  }
  refund.lines = std::move(lines);
  refund.amount = order.amount;
}

void preempt(Progress& progress, const RefundId& refund_id, Instant now) {
  HF_ASSERT(progress.aggregate.order.status == OrderStatus::processing);
  for (Refund& refund : progress.aggregate.refunds) {
    if (refund.id != refund_id) continue;
    HF_ASSERT(refund.status == RefundStatus::waiting && refund.whole);
    refund.status = next(refund.status, RefundEvent::preempted);
    refund.error.reset();
    take_back_everything(refund, progress.aggregate.order);
    begin_cancellation(progress, {CancelReason::preempted, {}, refund_id}, now);
    return;
  }
  HF_UNREACHABLE("no such refund");
}

void advance(Progress& progress, const StepPolicy& policy, Instant now) {
  Pass(progress, policy, now).run();
}

}  // namespace holdfast
