#include "flows/order_work.h"

#include <algorithm>
#include <utility>

#include "codec/messages.h"
#include "domain/assert.h"
#include "flows/delays.h"

namespace holdfast::flows {
namespace {

MovementKind kind_of(EffectKind kind) {
  switch (kind) {
    case EffectKind::order: return MovementKind::order;
    case EffectKind::cancellation: return MovementKind::cancellation;
    case EffectKind::refund: return MovementKind::refund;
  }
  HF_UNREACHABLE("no known kind of effect");
}

std::string cause_id_of(const Order& order, const EffectCause& cause) {
  return cause.refund_id ? cause.refund_id->to_string() : order.id.to_string();
}

StockMovement movement_of(const Order& order, const StockReturn& back, Instant now) {
  StockMovement movement;
  movement.sku = back.sku;
  movement.delta = back.units;
  movement.returned = back.units;
  movement.kind = kind_of(back.cause.kind);
  movement.cause_id = cause_id_of(order, back.cause);
  movement.at = now;
  return movement;
}

const Refund* find(const std::vector<Refund>& refunds, const RefundId& id) {
  const auto found = std::find_if(refunds.begin(), refunds.end(),
                                  [&id](const Refund& refund) { return refund.id == id; });
  return found == refunds.end() ? nullptr : &*found;
}

}  // namespace

std::string parked_subject(const StepAction& action) {
  return "step:" + action.idempotency_key();
}

OutgoingMessage OrderWriter::message_of(const Dispatch& dispatch) const {
  OutgoingMessage message;
  message.queue = queues::step(dispatch.plan, dispatch.action.step);
  message.id = MessageId{ids_.next()};
  message.body = codec::step_message({dispatch.action, dispatch.plan, dispatch.plan_version});
  const auto now = clock_.now();
  delay_until(message, now + dispatch.delay, now);
  return message;
}

ParkedMessage OrderWriter::parked_row(const Order& order, const StepParking& parking) const {
  ParkedMessage parked;
  parked.id = ids_.next();
  parked.queue = queues::step(order.plan, parking.action.step);
  parked.reason = "attempts_exhausted";
  parked.subject = parked_subject(parking.action);
  parked.order_id = order.id;
  parked.refund_id = parking.action.refund_id();
  parked.step = parking.action.step;
  parked.attempts = parking.attempts;
  parked.first_at = clock_.now();
  parked.last_at = parked.first_at;
  parked.detail = parking.detail;
  parked.body = codec::step_message({parking.action, order.plan, order.plan_version});
  return parked;
}

OrderChange OrderWriter::write(const OrderAggregate& before, Progress progress,
                               OrderWork& work) const {
  const auto now = clock_.now();
  const OrderAggregate& after = progress.aggregate;
  const Order& order = after.order;
  OrderChange change;
  for (const auto& back : progress.returned) change.stock.push_back(movement_of(order, back, now));
  for (const auto& points : progress.points) {
    change.points.push_back(PointsMovement{order.user_id, points.delta, kind_of(points.cause.kind),
                                           cause_id_of(order, points.cause), now});
  }
  for (const auto& parking : progress.parkings) {
    change.parked.push_back(parked_row(order, parking));
  }
  for (const auto& action : progress.unparked) change.unparked.push_back(parked_subject(action));
  change.events = events_.of_change(before, after, now);

  for (const auto& dispatch : progress.dispatches) work.messages.push_back(message_of(dispatch));
  if (before.order.stock_released && !order.stock_released) work.cancelled.push_back(order);
  for (const auto& refund : after.refunds) {
    const Refund* was = find(before.refunds, refund.id);
    if (was != nullptr && *was == refund) continue;
    change.refunds.push_back(refund);
    if (!refund.stock_released) work.refunds.push_back({refund, order.user_id});
  }
  if (before.order != order) change.order = order;
  return change;
}

}  // namespace holdfast::flows
