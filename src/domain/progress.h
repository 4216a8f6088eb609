#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/decide_refund.h"
#include "domain/refund.h"
#include "domain/step_action.h"

namespace holdfast {

/// What decisions about steps need to know of the configuration.
struct StepPolicy {
  Milliseconds order_deadline{24 * 3'600'000};  ///< after which an order is not waited for
  /// A step that was dispatched and not begun by then is dispatched again.
  Milliseconds dispatch_grace{10'000};
  RefundPolicy refund;
  /// What `dispatch_grace` grows to while nobody takes the message.
  Milliseconds longest_grace{300'000};
};

/// A message to be sent: something is to be done about a step, at once or after `delay`.
struct Dispatch {
  StepAction action;
  PlanName plan;
  std::string plan_version;
  Milliseconds delay{0};

  bool operator==(const Dispatch&) const = default;
};

enum class EffectKind { order, cancellation, refund };

/// Why stock or points move: the order itself, its cancellation, or a refund of it.
struct EffectCause {
  EffectKind kind = EffectKind::order;
  std::optional<RefundId> refund_id;

  bool operator==(const EffectCause&) const = default;
};

/// Units that come back on sale.
struct StockReturn {
  EffectCause cause;
  Sku sku;
  std::int64_t units = 0;

  bool operator==(const StockReturn&) const = default;
};

struct PointsChange {
  EffectCause cause;
  std::int64_t delta = 0;

  bool operator==(const PointsChange&) const = default;
};

/// An action whose attempts are used up.
struct StepParking {
  StepAction action;
  std::uint32_t attempts = 0;
  std::string detail;

  bool operator==(const StepParking&) const = default;
};

/// What a decision makes of an order with its refunds, and what is to be done about it.
struct Progress {
  OrderAggregate aggregate;
  std::vector<Dispatch> dispatches;
  std::vector<StockReturn> returned;
  std::vector<PointsChange> points;
  std::vector<StepParking> parkings;
  std::vector<StepAction> unparked;  ///< parked before, and nobody's trouble any more
};

/// Brings on everything that can go on at `now`: begins steps whose predecessors are done, ends
/// what has passed its deadline, completes or compensates the order, carries refunds out. Doing it
/// again changes nothing until something has happened or time has passed.
void advance(Progress& progress, const StepPolicy& policy, Instant now);

/// Stops the order if it is under way: what has not begun is skipped. `advance` does the rest.
struct Cancellation {
  CancelReason reason = CancelReason::step_failed;
  std::optional<StepName> failed_step;
  std::optional<RefundId> preempted_by;
};
void begin_cancellation(Progress& progress, const Cancellation& cancellation, Instant now);

/// A refund that stops its order takes back all of it, whatever other held refunds claim: those are
/// void in the end.
void take_back_everything(Refund& refund, Order& order);

/// Lets a held refund stop its order. Precondition: the refund waits, the order is processing.
void preempt(Progress& progress, const RefundId& refund_id, Instant now);

/// An action that was parked is nobody's trouble any more, in this decision or before it.
void unpark(Progress& progress, const StepAction& action);

Dispatch dispatch_of(const Order& order, StepAction action, Milliseconds delay = {});

Step* find_step(Order& order, const StepName& name);
const Step* find_step(const Order& order, const StepName& name);
/// The record of a reverse action; null where nothing is to be reversed for that cause.
StepReversal* find_reversal(OrderAggregate& aggregate, const StepAction& action);

/// Done, or found or decided that nothing is to be done.
bool is_settled(const StepReversal& reversal);

}  // namespace holdfast
