#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "domain/order.h"
#include "domain/refund.h"

namespace holdfast {

/// What can happen to an order.
enum class OrderEvent {
  settled,           ///< written into the book, remote steps still to come
  steps_done,        ///< every step of its plan is done
  cancel_requested,  ///< a step failed, a deadline passed, a refund pre-empts, stock mismatches
  compensated,       ///< everything that was done has been reversed
  refunded_in_part,  ///< a refund was carried out, something is left
  refunded_in_full,  ///< a refund was carried out, nothing is left
};

/// What can happen to the forward side of a step.
enum class StepEvent {
  begun,  ///< an attempt is being made
  succeeded,
  declined,   ///< a final no
  no_answer,  ///< timeout, 5xx: nobody knows
  deferred,   ///< the other side will report later
  skipped,    ///< will never be begun
  given_up,   ///< an operator discarded it, or the deadline passed
};

/// What can happen to the reverse side of a step.
enum class ReverseEvent { begun, succeeded, no_answer, found_unneeded };

/// What can happen to a refund.
enum class RefundEvent {
  order_completed,  ///< found on a wake-up
  order_cancelled,  ///< its compensation gives everything back
  preempted,        ///< it stops its order and reverses what is done
  reversed,         ///< every reversal is done
  parked,           ///< a reversal used up its attempts
  retried,          ///< an operator sends it again
  discarded,        ///< an operator gives it up
};

/// The outcome of an event: the next state, the same state for a harmless repeat, or impossible.
enum class Verdict { moves, stays, impossible };

template <class State>
struct Transition {
  Verdict verdict = Verdict::impossible;
  State next{};  ///< of `impossible`: the state it was in

  bool operator==(const Transition&) const = default;
};

Transition<OrderStatus> transition(OrderStatus state, OrderEvent event);
Transition<StepStatus> transition(StepStatus state, StepEvent event);
Transition<ReverseStatus> transition(ReverseStatus state, ReverseEvent event);
Transition<RefundStatus> transition(RefundStatus state, RefundEvent event);

/// The next state; asserts that the event is possible. For callers that have checked before.
template <class State, class Event>
State next(State state, Event event);

inline constexpr std::array kOrderEvents{
    OrderEvent::settled,     OrderEvent::steps_done,       OrderEvent::cancel_requested,
    OrderEvent::compensated, OrderEvent::refunded_in_part, OrderEvent::refunded_in_full};
inline constexpr std::array kStepEvents{
    StepEvent::begun,    StepEvent::succeeded, StepEvent::declined, StepEvent::no_answer,
    StepEvent::deferred, StepEvent::skipped,   StepEvent::given_up};
inline constexpr std::array kReverseEvents{ReverseEvent::begun, ReverseEvent::succeeded,
                                           ReverseEvent::no_answer, ReverseEvent::found_unneeded};
inline constexpr std::array kRefundEvents{
    RefundEvent::order_completed, RefundEvent::order_cancelled, RefundEvent::preempted,
    RefundEvent::reversed,        RefundEvent::parked,          RefundEvent::retried,
    RefundEvent::discarded};

std::string_view to_string(OrderEvent event);
std::string_view to_string(StepEvent event);
std::string_view to_string(ReverseEvent event);
std::string_view to_string(RefundEvent event);

}  // namespace holdfast
