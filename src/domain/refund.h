#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/order.h"

namespace holdfast {

/// `waiting` is a hold; `needs_attention` is shown to operators and not an end.
enum class RefundStatus { waiting, reversing, refunded, void_, needs_attention, failed };

enum class WhenIncomplete { wait, preempt };

/// Units of one line that a refund gives back.
struct RefundLine {
  Sku sku;
  Quantity quantity;
  bool restock = true;

  bool operator==(const RefundLine&) const = default;
};

/// The reversal of one step for one refund.
struct RefundStep : StepReversal {
  StepName name;

  bool operator==(const RefundStep&) const = default;
};

struct Refund {
  RefundId id;
  OrderId order_id;
  std::string fingerprint;  ///< SHA-256 of the request's canonical content, 64 hex digits
  RefundStatus status = RefundStatus::waiting;
  Money amount;
  std::vector<RefundLine> lines;  ///< what is given back, sorted by SKU; fixed when requested
  bool whole = true;              ///< asked for all that was left
  WhenIncomplete when_incomplete = WhenIncomplete::wait;
  std::optional<std::string> reason;
  std::optional<std::string> error;
  std::uint32_t checks = 0;
  std::optional<Instant> next_check_at;
  std::vector<RefundStep> steps;
  /// False from the reversal's commit until Redis has the stock again; the sweep finds these.
  bool stock_released = true;
  Instant requested_at;
  std::optional<Instant> refunded_at;

  bool operator==(const Refund&) const = default;
};

/// All that is decided on together.
struct OrderAggregate {
  Order order;
  std::vector<Refund> refunds;  ///< oldest first

  bool operator==(const OrderAggregate&) const = default;
};

std::string_view to_string(RefundStatus status);
std::string_view to_string(WhenIncomplete policy);
std::optional<RefundStatus> parse_refund_status(std::string_view text);
std::optional<WhenIncomplete> parse_when_incomplete(std::string_view text);

/// Final for `Prefer: wait`: refunded, void, failed, and needs_attention.
bool is_final(RefundStatus status);

/// Still claims its lines: waiting, reversing, needs_attention.
bool is_under_way(RefundStatus status);

}  // namespace holdfast
