#include "flows/archived.h"

#include <boost/json/parse.hpp>

#include "codec/stored_json.h"

namespace holdfast::flows {
namespace {

namespace json = boost::json;
using codec::ArchiveKind;
using codec::ArchiveRecord;

json::value time_of(Instant at) {
  return json::value(codec::to_rfc3339(at));
}

template <class T, class Write>
void add_if_set(json::object& fields, std::string_view name, const std::optional<T>& value,
                Write write) {
  if (value) fields.emplace(name, write(*value));
}

json::object movement_of(MovementKind kind, const std::string& cause, std::int64_t delta) {
  return {{"kind", to_string(kind)}, {"cause", cause}, {"delta", delta}};
}

}  // namespace

ArchiveRecord archived(const Order& order) {
  json::object fields{{"order_id", order.id.to_string()},
                      {"reservation_id", order.reservation_id.to_string()},
                      {"fingerprint", order.fingerprint},
                      {"user_id", order.user_id.value},
                      {"currency", order.currency.code},
                      {"lines", json::parse(codec::stored_json(order.lines))},
                      {"plan", order.plan.value},
                      {"plan_version", order.plan_version},
                      {"amount", order.amount.minor},
                      {"refunded_amount", order.refunded_amount.minor},
                      {"status", to_string(order.status)},
                      {"steps", json::parse(codec::stored_json(order.steps))},
                      {"points_earned", order.points_earned},
                      {"placed_at", time_of(order.placed_at)},
                      {"stock_released", order.stock_released}};
  if (!order.attributes.empty()) {
    fields.emplace("attributes", codec::attributes_to_json(order.attributes));
  }
  add_if_set(fields, "reason", order.reason,
             [](CancelReason reason) { return json::value(to_string(reason)); });
  add_if_set(fields, "failed_step", order.failed_step,
             [](const StepName& step) { return json::value(step.value); });
  add_if_set(fields, "completed_at", order.completed_at, time_of);
  add_if_set(fields, "next_check_at", order.next_check_at, time_of);
  add_if_set(fields, "preempted_by", order.preempted_by,
             [](const RefundId& refund_id) { return json::value(refund_id.to_string()); });
  return {ArchiveKind::order, std::move(fields)};
}

// An order's movement stands at the time its order was placed (OrderBook's lists).
ArchiveRecord archived(const StockMovement& movement) {
  auto fields = movement_of(movement.kind, movement.cause_id, movement.delta);
  fields.emplace("sku", movement.sku.value);
  fields.emplace("at", time_of(movement.at));
  fields.emplace("loaded", movement.loaded);
  fields.emplace("sold", movement.sold);
  fields.emplace("returned", movement.returned);
  return {ArchiveKind::stock_movement, std::move(fields)};
}

ArchiveRecord archived(const PointsMovement& movement) {
  auto fields = movement_of(movement.kind, movement.cause_id, movement.delta);
  fields.emplace("user_id", movement.user_id.value);
  fields.emplace("at", time_of(movement.at));
  return {ArchiveKind::points_movement, std::move(fields)};
}

ArchiveRecord archived(const Event& event) {
  return {ArchiveKind::event, json::object{{"id", event.id.to_string()},
                                           {"type", event.type},
                                           {"body", event.body},
                                           {"at", time_of(event.at)}}};
}

ArchiveRecord archived(const AuditEntry& entry) {
  return {ArchiveKind::audit, json::object{{"actor", entry.actor},
                                           {"action", entry.action},
                                           {"detail", entry.detail},
                                           {"at", time_of(entry.at)}}};
}

}  // namespace holdfast::flows
