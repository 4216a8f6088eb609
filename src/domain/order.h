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

struct Step {
  StepName name;
  StepKind kind = StepKind::stock;
  /// Kind `points`: minor units that earn one point, pinned when the order was placed.
  std::int64_t points_per = 0;
  StepStatus status = StepStatus::pending;
  std::uint32_t attempts = 0;
  std::optional<std::string> reference;
  std::optional<std::string> error;
  Instant updated_at;

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
  std::int64_t points_earned = 0;  ///< points given for the order, less those taken back
  Instant placed_at;
  std::optional<Instant> completed_at;

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

/// The plan that an order runs through, as it was pinned in its steps. A plan of remote steps
/// needs more than that (`after`, endpoints); those of local steps do not.
Plan pinned_plan(const Order& order);

/// Minor units per point of the order's points step; 0 where it has none.
std::int64_t points_per(const Order& order);

/// Sum of quantity times unit price.
Money amount_of(const std::vector<OrderLine>& lines);

}  // namespace holdfast
