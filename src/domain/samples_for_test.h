#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/decide_refund.h"
#include "domain/decide_settlement.h"
#include "domain/requests.h"

/// Small, legible values for the tests of the domain.
namespace holdfast::samples {

inline Instant at_ms(std::int64_t unix_ms) {
  return Instant{Milliseconds{unix_ms}};
}

/// A UUID that ends in `number`.
template <class IdType>
IdType id(std::uint8_t number) {
  IdType made;
  made.value.bytes[0] = 1;
  made.value.bytes[15] = number;
  return made;
}

inline OrderRequestLine line(const char* sku, std::int64_t units, std::int64_t price) {
  return {Sku{sku}, Quantity{units}, Money{price}};
}

inline RefundLine refund_line(const char* sku, std::int64_t units, bool restock = true) {
  return {Sku{sku}, Quantity{units}, restock};
}

inline PlanStep step(const char* name, StepKind kind, std::vector<const char*> after = {}) {
  PlanStep made;
  made.name = StepName{name};
  made.kind = kind;
  for (const char* earlier : after) made.after.push_back(StepName{earlier});
  return made;
}

/// 3 of A-1 at 10.00 and 2 of B-2 at 2.50: 35.00, which earn 35 points under the default plan.
inline OrderRequest order_request() {
  OrderRequest request;
  request.user_id = UserId{"u-1"};
  request.currency = Currency{"CNY"};
  request.lines = {line("B-2", 2, 250), line("A-1", 3, 1000)};
  return request;
}

inline NewOrder identity(std::uint8_t number = 1) {
  return {id<OrderId>(number), id<ReservationId>(static_cast<std::uint8_t>(100 + number)),
          std::string(64, 'a'), at_ms(1'000)};
}

inline Order accepted_order() {
  return make_order(order_request(), default_plan(), identity());
}

inline Order completed_order() {
  return decide_settlement(accepted_order(), StepPolicy{}, at_ms(2'000)).order;
}

}  // namespace holdfast::samples
