#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"
#include "domain/money.h"
#include "domain/plan.h"

namespace holdfast {

/// `accepted` is reserved in Redis and not yet in the book; the last three are final.
enum class OrderStatus {
  accepted,
  processing,
  completed,
  partially_refunded,
  refunded,
  cancelling,
  cancelled,
};

enum class CancelReason { payment_declined, step_failed, timed_out, preempted, stock_mismatch };

/// The forward side of a step.
enum class StepStatus { pending, running, awaiting, unknown, done, failed, skipped };

/// The reverse side of a step, per cause.
enum class ReverseStatus { pending, running, done, not_needed };

/// One line of an order. `refunded` counts units given back by refunds that are `refunded`;
/// `kept_off_sale` those of them that were refunded with `restock: false`.
struct OrderLine {
  Sku sku;
  Quantity quantity;
  Money unit_price;
  Quantity refunded;
  Quantity kept_off_sale;

  bool operator==(const OrderLine&) const = default;
};

/// The reverse side of a step for one cause: a refund, the compensation of a cancelled order, or a
/// confirmation that came too late.
struct StepReversal {
  ReverseStatus status = ReverseStatus::pending;
  std::uint32_t attempts = 0;    ///< calls made
  std::uint32_t charged = 0;     ///< of them, those since an operator last sent it again
  bool forward_unknown = false;  ///< nobody knows whether there is anything to take back
  bool parked = false;           ///< its attempts are used up; an operator decides
  bool given_up = false;         ///< an operator decided that it will never be carried out
  std::optional<std::string> reference;
  std::optional<std::int64_t> amount;  ///< minor units the other side says it gave back
  std::optional<std::string> error;
  std::optional<Instant> next_at;  ///< when it is looked at again if no message brings it on
  bool dispatched = false;         ///< a message is under way that need not wait for `next_at`
  Instant updated_at;

  bool operator==(const StepReversal&) const = default;
};

/// What an outside party said of a step, kept to recognise a repeat.
struct StepReport {
  bool succeeded = false;
  std::optional<std::string> reference;

  bool operator==(const StepReport&) const = default;
};

/// One step of an order: what the plan said of it when the order was placed, and how it stands.
struct Step {
  StepName name;
  StepKind kind = StepKind::stock;
  /// Kind `points`: minor units that earn one point.
  std::int64_t points_per = 0;
  std::vector<StepName> after;
  bool reversible = false;  ///< remote: a call takes it back once it is done
  Milliseconds wait{0};     ///< kind `await`: how long it waits for its party

  StepStatus status = StepStatus::pending;
  std::uint32_t attempts = 0;    ///< calls made
  std::uint32_t charged = 0;     ///< of them, those since an operator last sent it again
  bool parked = false;           ///< its attempts are used up; an operator decides
  bool deferred = false;         ///< the other side has said that it will report
  bool timed_out = false;        ///< failed because its deadline passed
  bool outcome_unknown = false;  ///< failed without anybody knowing whether it took place
  std::optional<std::string> reference;
  std::optional<std::string> error;
  std::optional<StepReport> report;
  std::optional<Instant> next_at;  ///< when it is looked at again if no message brings it on
  bool dispatched = false;         ///< a message is under way that need not wait for `next_at`
  Instant updated_at;

  std::optional<StepReversal> compensation;
  std::optional<StepReversal> late;

  bool operator==(const Step&) const = default;
};

/// An order with all that belongs to it but its refunds: one aggregate, one row in the book.
struct Order {
  OrderId id;
  ReservationId reservation_id;
  std::string fingerprint;  ///< SHA-256 of the canonical content, 64 hex digits
  UserId user_id;
  Currency currency;
  std::vector<OrderLine> lines;  ///< sorted by SKU, one line a SKU
  PlanName plan;
  std::string plan_version;
  std::map<std::string, std::string> attributes;
  Money amount;
  Money refunded_amount;
  OrderStatus status = OrderStatus::accepted;
  std::optional<CancelReason> reason;
  std::optional<StepName> failed_step;
  std::vector<Step> steps;
  std::int64_t points_earned = 0;        ///< points given for the order, less those taken back
  std::optional<RefundId> preempted_by;  ///< of reason `preempted`: the refund that did
  Instant placed_at;
  std::optional<Instant> completed_at;
  /// The earliest moment at which something of it is due; unset when nothing is.
  std::optional<Instant> next_check_at;
  /// False from the cancellation's commit until Redis has the stock again; the sweep finds these.
  bool stock_released = true;

  bool operator==(const Order&) const = default;
};

std::string_view to_string(OrderStatus status);
std::string_view to_string(CancelReason reason);
std::string_view to_string(StepStatus status);
std::string_view to_string(ReverseStatus status);
std::optional<OrderStatus> parse_order_status(std::string_view text);
std::optional<CancelReason> parse_cancel_reason(std::string_view text);
std::optional<StepStatus> parse_step_status(std::string_view text);
std::optional<StepKind> parse_step_kind(std::string_view text);
std::optional<ReverseStatus> parse_reverse_status(std::string_view text);

/// Final for `Prefer: wait`: completed, partially_refunded, refunded, cancelled.
bool is_final(OrderStatus status);

/// Every step of its plan is done and units may be left to give back.
bool is_complete(OrderStatus status);

/// The plan that an order runs through, as it was pinned in its steps: enough for every decision.
/// What a call needs besides (urls, timeouts, retries) is kept with the plan.
Plan pinned_plan(const Order& order);

/// Minor units per point of the order's points step; 0 where it has none.
std::int64_t points_per(const Order& order);

/// Sum of quantity times unit price.
Money amount_of(const std::vector<OrderLine>& lines);

}  // namespace holdfast
