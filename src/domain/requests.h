#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/money.h"
#include "domain/order.h"
#include "domain/refund.h"

namespace holdfast {

/// Bounds of what may be asked for.
namespace bounds {
inline constexpr std::size_t kMaxLines = 50;
inline constexpr std::int64_t kMaxQuantity = 1'000'000;
inline constexpr std::int64_t kMaxUnitPrice = 1'000'000'000'000;
inline constexpr std::int64_t kMaxOrderAmount = (std::int64_t{1} << 53) - 1;
inline constexpr std::int64_t kMaxOnHand = 1'000'000'000'000;
inline constexpr std::size_t kMaxAttributes = 16;
inline constexpr std::size_t kMaxAttributeBytes = 256;
inline constexpr std::size_t kMaxReasonBytes = 1024;
}  // namespace bounds

/// A fault of one field; `pointer` is a JSON pointer (RFC 6901) into the request.
struct FieldError {
  std::string pointer;
  std::string detail;

  bool operator==(const FieldError&) const = default;
};

struct OrderRequestLine {
  Sku sku;
  Quantity quantity;
  Money unit_price;
};

/// An order as asked for. Lines stand in the order sent, so that pointers fit.
struct OrderRequest {
  std::optional<OrderId> order_id;
  UserId user_id;
  Currency currency;
  std::vector<OrderRequestLine> lines;
  PlanName plan{"default"};
  std::map<std::string, std::string> attributes;
};

struct RefundRequest {
  std::optional<RefundId> refund_id;
  std::optional<std::vector<RefundLine>> lines;  ///< unset: all that is left
  std::optional<std::string> reason;
  WhenIncomplete when_incomplete = WhenIncomplete::wait;
};

/// All faults of values; the shape (types, unknown members) has been checked by the reader.
/// Empty: valid.
std::vector<FieldError> validate(const OrderRequest& request);
std::vector<FieldError> validate(const RefundRequest& request);

/// The content that decides whether two requests are the same: lines sorted by SKU, absent and
/// default alike. One text per content; without the id.
std::string canonical_content(const OrderRequest& request);
std::string canonical_content(const OrderId& order_id, const RefundRequest& request);

/// The order that a valid request makes, status `accepted`, every step `pending`.
struct NewOrder {
  OrderId id;
  ReservationId reservation_id;
  std::string fingerprint;
  Instant placed_at;
};
Order make_order(const OrderRequest& request, const Plan& plan, NewOrder identity);

}  // namespace holdfast
