#include "domain/transitions.h"

#include <cstddef>

#include "domain/assert.h"

namespace holdfast {
namespace {

/// A cell of a table: where the event leads to, `kStays` or `kImpossible`.
template <class State>
struct Cell {
  Verdict verdict;
  State next;

  // NOLINTNEXTLINE(google-explicit-constructor): a table reads as a table only without casts.
  constexpr Cell(State to) : verdict(Verdict::moves), next(to) {}
  constexpr Cell(Verdict without_move) : verdict(without_move), next{} {}
};

constexpr Verdict kStays = Verdict::stays;
constexpr Verdict kImpossible = Verdict::impossible;

/// One row for each state and one column for each event, both in the order of their enums. The
/// number of columns is in the type; the number of rows is checked below.
template <class State, std::size_t States, std::size_t Events>
using Table = std::array<std::array<Cell<State>, Events>, States>;

namespace order_table {

constexpr OrderStatus kProcessing = OrderStatus::processing;
constexpr OrderStatus kCompleted = OrderStatus::completed;
constexpr OrderStatus kPartial = OrderStatus::partially_refunded;
constexpr OrderStatus kRefunded = OrderStatus::refunded;
constexpr OrderStatus kCancelling = OrderStatus::cancelling;
constexpr OrderStatus kCancelled = OrderStatus::cancelled;

using Row = std::array<Cell<OrderStatus>, kOrderEvents.size()>;
// clang-format off
// settled, steps_done, cancel_requested, compensated, refunded_in_part, refunded_in_full
constexpr Row kAcceptedRow
    {kProcessing, kCompleted,  kCancelling, kImpossible, kImpossible, kImpossible};
constexpr Row kProcessingRow
    {kStays,      kCompleted,  kCancelling, kImpossible, kImpossible, kImpossible};
constexpr Row kCompletedRow
    {kStays,      kStays,      kImpossible, kImpossible, kPartial,    kRefunded};
constexpr Row kPartiallyRefundedRow  // a second refund in part is no repeat: it moves, to itself
    {kStays,      kStays,      kImpossible, kImpossible, kPartial,    kRefunded};
constexpr Row kRefundedRow
    {kStays,      kStays,      kImpossible, kImpossible, kImpossible, kImpossible};
constexpr Row kCancellingRow
    {kStays,      kStays,      kStays,      kCancelled,  kImpossible, kImpossible};
constexpr Row kCancelledRow
    {kStays,      kImpossible, kStays,      kStays,      kImpossible, kImpossible};
// clang-format on

constexpr Table<OrderStatus, 7, kOrderEvents.size()> kTable{
    kAcceptedRow, kProcessingRow, kCompletedRow, kPartiallyRefundedRow,
    kRefundedRow, kCancellingRow, kCancelledRow};
static_assert(static_cast<std::size_t>(OrderStatus::cancelled) + 1 == kTable.size());
static_assert(static_cast<std::size_t>(OrderEvent::refunded_in_full) + 1 == kOrderEvents.size());

}  // namespace order_table

namespace step_table {

constexpr StepStatus kRunning = StepStatus::running;
constexpr StepStatus kAwaiting = StepStatus::awaiting;
constexpr StepStatus kUnknown = StepStatus::unknown;
constexpr StepStatus kDone = StepStatus::done;
constexpr StepStatus kFailed = StepStatus::failed;
constexpr StepStatus kSkipped = StepStatus::skipped;

using Row = std::array<Cell<StepStatus>, kStepEvents.size()>;
// clang-format off
// begun, succeeded, declined, no_answer, deferred, skipped, given_up
constexpr Row kPendingRow
    {kRunning,    kDone,       kImpossible, kImpossible, kAwaiting,   kSkipped,    kFailed};
constexpr Row kRunningRow  // begun again: another attempt, after the runner of the last one died
    {kRunning,    kDone,       kFailed,     kUnknown,    kAwaiting,   kImpossible, kImpossible};
constexpr Row kAwaitingRow
    {kImpossible, kDone,       kFailed,     kUnknown,    kStays,      kSkipped,    kFailed};
constexpr Row kUnknownRow
    {kRunning,    kDone,       kFailed,     kStays,      kImpossible, kImpossible, kFailed};
constexpr Row kDoneRow
    {kImpossible, kStays,      kImpossible, kStays,      kStays,      kImpossible, kImpossible};
constexpr Row kFailedRow
    {kImpossible, kImpossible, kStays,      kStays,      kStays,      kImpossible, kStays};
constexpr Row kSkippedRow
    {kImpossible, kImpossible, kImpossible, kImpossible, kImpossible, kStays,      kImpossible};
// clang-format on

constexpr Table<StepStatus, 7, kStepEvents.size()> kTable{
    kPendingRow, kRunningRow, kAwaitingRow, kUnknownRow, kDoneRow, kFailedRow, kSkippedRow};
static_assert(static_cast<std::size_t>(StepStatus::skipped) + 1 == kTable.size());
static_assert(static_cast<std::size_t>(StepEvent::given_up) + 1 == kStepEvents.size());

}  // namespace step_table

namespace reverse_table {

constexpr ReverseStatus kRunning = ReverseStatus::running;
constexpr ReverseStatus kDone = ReverseStatus::done;
constexpr ReverseStatus kNotNeeded = ReverseStatus::not_needed;

using Row = std::array<Cell<ReverseStatus>, kReverseEvents.size()>;
// clang-format off
// begun, succeeded, no_answer, found_unneeded
constexpr Row kPendingRow
    {kRunning,    kDone,       kImpossible, kNotNeeded};
constexpr Row kRunningRow  // begun again: another attempt under the same key
    {kRunning,    kDone,       kStays,      kImpossible};
constexpr Row kDoneRow
    {kImpossible, kStays,      kStays,      kImpossible};
constexpr Row kNotNeededRow
    {kImpossible, kImpossible, kImpossible, kStays};
// clang-format on

constexpr Table<ReverseStatus, 4, kReverseEvents.size()> kTable{kPendingRow, kRunningRow, kDoneRow,
                                                                kNotNeededRow};
static_assert(static_cast<std::size_t>(ReverseStatus::not_needed) + 1 == kTable.size());
static_assert(static_cast<std::size_t>(ReverseEvent::found_unneeded) + 1 == kReverseEvents.size());

}  // namespace reverse_table

namespace refund_table {

constexpr RefundStatus kReversing = RefundStatus::reversing;
constexpr RefundStatus kRefunded = RefundStatus::refunded;
constexpr RefundStatus kVoid = RefundStatus::void_;
constexpr RefundStatus kAttention = RefundStatus::needs_attention;
constexpr RefundStatus kFailed = RefundStatus::failed;

using Row = std::array<Cell<RefundStatus>, kRefundEvents.size()>;
// clang-format off
// order_completed, order_cancelled, preempted, reversed, parked, retried, discarded
constexpr Row kWaitingRow
    {kReversing,  kVoid,       kReversing,  kImpossible, kImpossible, kImpossible, kImpossible};
constexpr Row kReversingRow
    {kStays,      kImpossible, kStays,      kRefunded,   kAttention,  kStays,      kImpossible};
constexpr Row kRefundedRow
    {kStays,      kStays,      kStays,      kStays,      kImpossible, kImpossible, kImpossible};
constexpr Row kVoidRow
    {kImpossible, kStays,      kImpossible, kImpossible, kImpossible, kImpossible, kImpossible};
constexpr Row kNeedsAttentionRow
    {kStays,      kImpossible, kStays,      kRefunded,   kStays,      kReversing,  kFailed};
constexpr Row kFailedRow
    {kStays,      kStays,      kStays,      kImpossible, kImpossible, kImpossible, kStays};
// clang-format on

constexpr Table<RefundStatus, 6, kRefundEvents.size()> kTable{
    kWaitingRow, kReversingRow, kRefundedRow, kVoidRow, kNeedsAttentionRow, kFailedRow};
static_assert(static_cast<std::size_t>(RefundStatus::failed) + 1 == kTable.size());
static_assert(static_cast<std::size_t>(RefundEvent::discarded) + 1 == kRefundEvents.size());

}  // namespace refund_table

template <class State, class Event, std::size_t States, std::size_t Events>
Transition<State> look_up(const Table<State, States, Events>& table, State state, Event event) {
  const auto row = static_cast<std::size_t>(state);
  const auto column = static_cast<std::size_t>(event);
  HF_ASSERT(row < States && column < Events);
  const Cell<State>& cell = table[row][column];
  return {cell.verdict, cell.verdict == Verdict::moves ? cell.next : state};
}

}  // namespace

Transition<OrderStatus> transition(OrderStatus state, OrderEvent event) {
  return look_up(order_table::kTable, state, event);
}

Transition<StepStatus> transition(StepStatus state, StepEvent event) {
  return look_up(step_table::kTable, state, event);
}

Transition<ReverseStatus> transition(ReverseStatus state, ReverseEvent event) {
  return look_up(reverse_table::kTable, state, event);
}

Transition<RefundStatus> transition(RefundStatus state, RefundEvent event) {
  return look_up(refund_table::kTable, state, event);
}

template <class State, class Event>
State next(State state, Event event) {
  const Transition<State> found = transition(state, event);
  HF_ASSERT(found.verdict != Verdict::impossible);
  return found.next;
}

template OrderStatus next(OrderStatus state, OrderEvent event);
template StepStatus next(StepStatus state, StepEvent event);
template ReverseStatus next(ReverseStatus state, ReverseEvent event);
template RefundStatus next(RefundStatus state, RefundEvent event);

std::string_view to_string(OrderEvent event) {
  switch (event) {
    case OrderEvent::settled: return "settled";
    case OrderEvent::steps_done: return "steps_done";
    case OrderEvent::cancel_requested: return "cancel_requested";
    case OrderEvent::compensated: return "compensated";
    case OrderEvent::refunded_in_part: return "refunded_in_part";
    case OrderEvent::refunded_in_full: return "refunded_in_full";
  }
  HF_UNREACHABLE("no known order event");
}

std::string_view to_string(StepEvent event) {
  switch (event) {
    case StepEvent::begun: return "begun";
    case StepEvent::succeeded: return "succeeded";
    case StepEvent::declined: return "declined";
    case StepEvent::no_answer: return "no_answer";
    case StepEvent::deferred: return "deferred";
    case StepEvent::skipped: return "skipped";
    case StepEvent::given_up: return "given_up";
  }
  HF_UNREACHABLE("no known step event");
}

std::string_view to_string(ReverseEvent event) {
  switch (event) {
    case ReverseEvent::begun: return "begun";
    case ReverseEvent::succeeded: return "succeeded";
    case ReverseEvent::no_answer: return "no_answer";
    case ReverseEvent::found_unneeded: return "found_unneeded";
  }
  HF_UNREACHABLE("no known reverse event");
}

std::string_view to_string(RefundEvent event) {
  switch (event) {
    case RefundEvent::order_completed: return "order_completed";
    case RefundEvent::order_cancelled: return "order_cancelled";
    case RefundEvent::preempted: return "preempted";
    case RefundEvent::reversed: return "reversed";
    case RefundEvent::parked: return "parked";
    case RefundEvent::retried: return "retried";
    case RefundEvent::discarded: return "discarded";
  }
  HF_UNREACHABLE("no known refund event");
}

}  // namespace holdfast
