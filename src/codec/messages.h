#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/order_json.h"
#include "domain/ids.h"
#include "domain/step_action.h"

namespace holdfast::codec {

/// One order inside a message of the orders queue; `payload` is JSON already.
struct OutgoingOrder {
  std::string_view outbox_id;  ///< empty when the order is sent again for another cause
  std::string_view payload;
};

/// `{"v":1,"orders":[{"outbox_id":…,"order":{…}}]}`.
std::string orders_message(const std::vector<OutgoingOrder>& orders);

struct IncomingOrder {
  std::string outbox_id;
  PlacedOrder placed;
};

/// All or nothing: a message with one bad order is undecodable as a whole; it was made by us.
Decoded<std::vector<IncomingOrder>> orders_from_message(std::string_view body);

/// Names a refund that is to be looked at.
struct RefundWake {
  OrderId order_id;
  RefundId refund_id;
};

/// `{"v":1,"refunds":[{"order_id":…,"refund_id":…}]}`.
std::string refunds_message(std::span<const RefundWake> wakes);
/// Understands `{"v":1,"refund":{…}}` too, one alone, as earlier versions wrote it.
Decoded<std::vector<RefundWake>> refunds_from_message(std::string_view body);

/// Something is to be done about a step; the order's row says what.
struct StepWake {
  StepAction action;
  PlanName plan;
  std::string plan_version;
};

/// `{"v":1,"step":{"order_id":…,"step":…,"direction":…,"cause":…,"plan":…,"plan_version":…}}`.
std::string step_message(const StepWake& wake);
Decoded<StepWake> step_from_message(std::string_view body);

}  // namespace holdfast::codec
