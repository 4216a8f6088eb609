#include "flows/events.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <utility>

#include "codec/cloud_event.h"
#include "codec/order_json.h"
#include "domain/assert.h"

namespace holdfast::flows {
namespace {

namespace json = boost::json;

constexpr std::string_view kAccepted = "order.accepted";
constexpr std::string_view kCompleted = "order.completed";
constexpr std::string_view kCancelled = "order.cancelled";

struct Subject {
  Uuid id;
  std::string source;
  std::string type;
  Instant at;
  /// Tells this occurrence from others of the type; the same when it is told again.
  Instant occurrence;
};

Event cloud_event(const Subject& subject, json::object data) {
  Event event;
  event.id =
      name_based_uuid(subject.id, subject.type + "/" + codec::to_rfc3339(subject.occurrence));
  event.type = subject.type;
  event.at = subject.at;
  event.body =
      codec::to_json({event.id, subject.source, subject.type, subject.id.to_string(), subject.at},
                     std::move(data));
  return event;
}

json::object order_data(const Order& order) {
  json::array lines;
  for (const auto& line : order.lines) {
    lines.push_back(json::object{{"sku", line.sku.value},
                                 {"quantity", line.quantity.units},
                                 {"unit_price", line.unit_price.minor}});
  }
  json::object data{
      {"order_id", order.id.to_string()},  {"user_id", order.user_id.value},
      {"status", to_string(order.status)}, {"amount", order.amount.minor},
      {"currency", order.currency.code},   {"lines", std::move(lines)},
      {"plan", order.plan.value},          {"placed_at", codec::to_rfc3339(order.placed_at)}};
  if (order.reason) data["reason"] = to_string(*order.reason);
  if (order.failed_step) data["failed_step"] = order.failed_step->value;
  if (order.completed_at) data["completed_at"] = codec::to_rfc3339(*order.completed_at);
  return data;
}

}  // namespace

Event EventWriter::order_event(std::string_view type, const Order& order, Instant at) const {
  // An order is accepted, completed and cancelled once.
  return cloud_event({order.id.value, source_, std::string(type), at, order.placed_at},
                     order_data(order));
}

Event EventWriter::refund_event(const std::string& type, const Refund& refund, const Order& order,
                                Instant at) const {
  json::object data{{"refund_id", refund.id.to_string()},
                    {"order_id", refund.order_id.to_string()},
                    {"user_id", order.user_id.value},
                    {"status", to_string(refund.status)},
                    {"amount", refund.amount.minor},
                    {"currency", order.currency.code},
                    {"lines", codec::refund_lines_to_json(refund.lines)}};
  if (refund.reason) data["reason"] = *refund.reason;
  if (refund.error) data["error"] = *refund.error;
  return cloud_event({refund.id.value, source_, type, at, at}, std::move(data));
}

std::vector<std::string_view> EventWriter::types_of_settlement(const Order& order) const {
  std::vector<std::string_view> types;
  if (!enabled_) return types;
  types.push_back(kAccepted);
  if (order.completed_at) {
    types.push_back(kCompleted);
  } else if (order.status == OrderStatus::cancelled) {
    types.push_back(kCancelled);
  }
  return types;
}

Event EventWriter::of_settlement(std::string_view type, const Order& order) const {
  if (type == kCancelled) return order_event(type, order, order.placed_at);
  Order then = order;
  then.reason.reset();
  then.failed_step.reset();
  if (type == kCompleted) {
    then.status = OrderStatus::completed;
    return order_event(type, then, *order.completed_at);
  }
  HF_ASSERT(type == kAccepted);
  then.status = OrderStatus::accepted;
  then.completed_at.reset();
  return order_event(type, then, order.placed_at);
}

std::vector<Event> EventWriter::of_settlement(const Order& order) const {
  std::vector<Event> events;
  for (const auto type : types_of_settlement(order)) events.push_back(of_settlement(type, order));
  return events;
}

std::vector<Event> EventWriter::of_change(const OrderAggregate& before, const OrderAggregate& after,
                                          Instant now) const {
  std::vector<Event> events;
  if (!enabled_) return events;
  const Order& order = after.order;
  if (before.order.status != order.status) {
    if (order.status == OrderStatus::cancelled) {
      events.push_back(order_event(kCancelled, order, now));
    } else if (before.order.status == OrderStatus::processing && order.completed_at) {
      events.push_back(order_event(kCompleted, order, *order.completed_at));
    }
  }
  for (const Refund& refund : after.refunds) {
    const auto was =
        std::find_if(before.refunds.begin(), before.refunds.end(),
                     [&refund](const Refund& candidate) { return candidate.id == refund.id; });
    const bool changed = was == before.refunds.end() || was->status != refund.status;
    if (!changed) continue;
    switch (refund.status) {
      case RefundStatus::waiting:
        events.push_back(refund_event("refund.waiting", refund, order, refund.requested_at));
        break;
      case RefundStatus::refunded:
        events.push_back(refund_event("refund.refunded", refund, order, now));
        break;
      case RefundStatus::needs_attention:
        events.push_back(refund_event("refund.needs_attention", refund, order, now));
        break;
      case RefundStatus::reversing:
      case RefundStatus::void_:
      case RefundStatus::failed: break;
    }
  }
  return events;
}

OutgoingMessage message_of(const Event& event) {
  OutgoingMessage message;
  message.topic = event.type;
  message.id = MessageId{event.id};
  message.body = event.body;
  message.content_type = "application/cloudevents+json";
  return message;
}

}  // namespace holdfast::flows
