#include "domain/order.h"

#include <array>

#include "domain/assert.h"
#include "domain/parse_enum.h"

namespace holdfast {
namespace {

constexpr std::array kOrderStatuses{OrderStatus::accepted,  OrderStatus::processing,
                                    OrderStatus::completed, OrderStatus::partially_refunded,
                                    OrderStatus::refunded,  OrderStatus::cancelling,
                                    OrderStatus::cancelled};
constexpr std::array kCancelReasons{CancelReason::payment_declined, CancelReason::step_failed,
                                    CancelReason::timed_out, CancelReason::preempted,
                                    CancelReason::stock_mismatch};
constexpr std::array kStepStatuses{StepStatus::pending, StepStatus::running, StepStatus::awaiting,
                                   StepStatus::unknown, StepStatus::done,    StepStatus::failed,
                                   StepStatus::skipped};
constexpr std::array kStepKinds{StepKind::stock, StepKind::points, StepKind::http, StepKind::await,
                                StepKind::amqp};
constexpr std::array kReverseStatuses{ReverseStatus::pending, ReverseStatus::running,
                                      ReverseStatus::done, ReverseStatus::not_needed};

}  // namespace

std::string_view to_string(OrderStatus status) {
  switch (status) {
    case OrderStatus::accepted: return "accepted";
    case OrderStatus::processing: return "processing";
    case OrderStatus::completed: return "completed";
    case OrderStatus::partially_refunded: return "partially_refunded";
    case OrderStatus::refunded: return "refunded";
    case OrderStatus::cancelling: return "cancelling";
    case OrderStatus::cancelled: return "cancelled";
  }
  HF_UNREACHABLE("no known order status");
}

std::string_view to_string(CancelReason reason) {
  switch (reason) {
    case CancelReason::payment_declined: return "payment_declined";
    case CancelReason::step_failed: return "step_failed";
    case CancelReason::timed_out: return "timed_out";
    case CancelReason::preempted: return "preempted";
    case CancelReason::stock_mismatch: return "stock_mismatch";
  }
  HF_UNREACHABLE("no known cancel reason");
}

std::string_view to_string(StepStatus status) {
  switch (status) {
    case StepStatus::pending: return "pending";
    case StepStatus::running: return "running";
    case StepStatus::awaiting: return "awaiting";
    case StepStatus::unknown: return "unknown";
    case StepStatus::done: return "done";
    case StepStatus::failed: return "failed";
    case StepStatus::skipped: return "skipped";
  }
  HF_UNREACHABLE("no known step status");
}

std::string_view to_string(ReverseStatus status) {
  switch (status) {
    case ReverseStatus::pending: return "pending";
    case ReverseStatus::running: return "running";
    case ReverseStatus::done: return "done";
    case ReverseStatus::not_needed: return "not_needed";
  }
  HF_UNREACHABLE("no known reverse status");
}

std::optional<OrderStatus> parse_order_status(std::string_view text) {
  return parse_enum(kOrderStatuses, text);
}

std::optional<CancelReason> parse_cancel_reason(std::string_view text) {
  return parse_enum(kCancelReasons, text);
}

std::optional<StepStatus> parse_step_status(std::string_view text) {
  return parse_enum(kStepStatuses, text);
}

std::optional<StepKind> parse_step_kind(std::string_view text) {
  return parse_enum(kStepKinds, text);
}

std::optional<ReverseStatus> parse_reverse_status(std::string_view text) {
  return parse_enum(kReverseStatuses, text);
}

bool is_final(OrderStatus status) {
  switch (status) {
    case OrderStatus::completed:
    case OrderStatus::partially_refunded:
    case OrderStatus::refunded:
    case OrderStatus::cancelled: return true;
    case OrderStatus::accepted:
    case OrderStatus::processing:
    case OrderStatus::cancelling: return false;
  }
  HF_UNREACHABLE("no known order status");
}

bool is_complete(OrderStatus status) {
  return status == OrderStatus::completed || status == OrderStatus::partially_refunded;
}

Money amount_of(const std::vector<OrderLine>& lines) {
  Money sum;
  for (const OrderLine& line : lines) sum += line.unit_price * line.quantity;
  return sum;
}

Plan pinned_plan(const Order& order) {
  Plan plan;
  plan.name = order.plan;
  plan.version = order.plan_version;
  for (const auto& step : order.steps) {
    PlanStep planned;
    planned.name = step.name;
    planned.kind = step.kind;
    planned.points_per = step.points_per;
    planned.after = step.after;
    plan.steps.push_back(std::move(planned));
  }
  return plan;
}

std::int64_t points_per(const Order& order) {
  for (const auto& step : order.steps) {
    if (step.kind == StepKind::points) return step.points_per;
  }
  return 0;
}

}  // namespace holdfast
