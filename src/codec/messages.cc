#include "codec/messages.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "codec/json_reader.h"

namespace holdfast::codec {
namespace {

namespace json = boost::json;

constexpr std::int64_t kVersion = 1;

Decoded<json::object> envelope(std::string_view body) {
  json::error_code error;
  auto value = json::parse({body.data(), body.size()}, error);
  if (error) return fault(error.message());
  auto* object = value.if_object();
  if (object == nullptr) return fault("not an object");
  const auto* version = object->if_contains("v");
  if (version == nullptr || !version->is_int64() || version->get_int64() != kVersion) {
    return fault("`v` is not 1");
  }
  return std::move(*object);
}

std::optional<std::string> text_member(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::nullopt : std::optional<std::string>({text->data(), text->size()});
}

template <class T>
std::optional<T> id_member(const json::object& object, std::string_view key) {
  const auto text = text_member(object, key);
  return text ? T::parse(*text) : std::nullopt;
}

}  // namespace

std::string orders_message(const std::vector<OutgoingOrder>& orders) {
  std::string body = R"({"v":1,"orders":[)";
  for (const auto& order : orders) {
    if (&order != &orders.front()) body.push_back(',');
    body.append(R"({"outbox_id":")").append(order.outbox_id).append(R"(","order":)");
    body.append(order.payload).push_back('}');
  }
  body.append("]}");
  return body;
}

Decoded<std::vector<IncomingOrder>> orders_from_message(std::string_view body) {
  auto object = envelope(body);
  if (!object) return tl::unexpected<DecodeError>(object.error());
  const auto* member = object->if_contains("orders");
  const auto* array = member == nullptr ? nullptr : member->if_array();
  if (array == nullptr) return fault("`orders` is no array");
  std::vector<IncomingOrder> orders;
  orders.reserve(array->size());
  for (const auto& element : *array) {
    const auto* item = element.if_object();
    const auto* order = item == nullptr ? nullptr : item->if_contains("order");
    const auto* outbox_id = item == nullptr ? nullptr : item->if_contains("outbox_id");
    if (order == nullptr || outbox_id == nullptr || !outbox_id->is_string()) {
      return fault("an item lacks `order` or `outbox_id`");
    }
    auto placed = placed_order_from_json(*order);
    if (!placed) return tl::unexpected<DecodeError>(placed.error());
    IncomingOrder incoming;
    incoming.outbox_id = std::string(outbox_id->get_string().c_str());
    incoming.placed = std::move(*placed);
    orders.push_back(std::move(incoming));
  }
  return orders;
}

std::string refunds_message(std::span<const RefundWake> wakes) {
  std::string body = R"({"v":1,"refunds":[)";
  const char* separator = "";
  for (const auto& wake : wakes) {
    body += std::exchange(separator, ",");
    body += R"({"order_id":")" + wake.order_id.to_string() + R"(","refund_id":")" +
            wake.refund_id.to_string() + R"("})";
  }
  return body + "]}";
}

Decoded<std::vector<RefundWake>> refunds_from_message(std::string_view body) {
  const auto object = envelope(body);
  if (!object) return tl::unexpected<DecodeError>(object.error());
  json::array items;
  if (const auto* one = object->if_contains("refund")) items.push_back(*one);
  if (const auto* several = object->if_contains("refunds"); several && several->is_array()) {
    items = several->get_array();
  }
  if (items.empty()) return fault("`refunds` is no array of refunds");
  std::vector<RefundWake> wakes;
  for (const auto& item : items) {
    const auto* refund = item.if_object();
    if (refund == nullptr) return fault("a refund is no object");
    const auto order_id = id_member<OrderId>(*refund, "order_id");
    const auto refund_id = id_member<RefundId>(*refund, "refund_id");
    if (!order_id || !refund_id) return fault("`order_id` or `refund_id` is no UUID");
    wakes.push_back({*order_id, *refund_id});
  }
  return wakes;
}

std::string step_message(const StepWake& wake) {
  const json::object step{{"order_id", wake.action.order_id.to_string()},
                          {"step", wake.action.step.value},
                          {"direction", to_string(wake.action.direction)},
                          {"cause", wake.action.cause},
                          {"plan", wake.plan.value},
                          {"plan_version", wake.plan_version}};
  return json::serialize(json::object{{"v", kVersion}, {"step", step}});
}

Decoded<StepWake> step_from_message(std::string_view body) {
  const auto object = envelope(body);
  if (!object) return tl::unexpected<DecodeError>(object.error());
  const auto* member = object->if_contains("step");
  const auto* step = member == nullptr ? nullptr : member->if_object();
  if (step == nullptr) return fault("`step` is no object");
  const auto order_id = id_member<OrderId>(*step, "order_id");
  const auto name = text_member(*step, "step");
  const auto direction = parse_direction(text_member(*step, "direction").value_or(""));
  const auto cause = text_member(*step, "cause");
  const auto plan = text_member(*step, "plan");
  const auto plan_version = text_member(*step, "plan_version");
  if (!order_id || !name || !direction || !cause || !plan || !plan_version) {
    return fault("a member of `step` is missing or wrong");
  }
  return StepWake{{*order_id, StepName{*name}, *direction, *cause}, PlanName{*plan}, *plan_version};
}

}  // namespace holdfast::codec
