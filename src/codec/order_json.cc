#include "codec/order_json.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "codec/json_reader.h"
#include "codec/json_text.h"

namespace holdfast::codec {
namespace {

void append_planned_step(std::string& out, const Step& step) {
  ObjectText object(out);
  object.text("name", step.name.value).text("kind", to_string(step.kind));
  add_planned(object, step);
  object.end();
}

void append_line(std::string& out, const OrderLine& line) {
  ObjectText object(out);
  object.text("sku", line.sku.value).integer("quantity", line.quantity.units);
  object.integer("unit_price", line.unit_price.minor);
  if (line.refunded.units != 0) object.integer("refunded", line.refunded.units);
  if (line.kept_off_sale.units != 0) object.integer("kept_off_sale", line.kept_off_sale.units);
  object.end();
}

}  // namespace

std::string lines_to_text(const std::vector<OrderLine>& lines) {
  std::string out;
  out.reserve(64 * lines.size() + 2);
  append_array(out, lines, append_line);
  return out;
}

Decoded<std::vector<OrderLine>> lines_from_json(const json::value& value) {
  return read_array<OrderLine>(value, [](Reader& reader) {
    OrderLine line;
    line.sku = Sku{reader.text("sku")};
    line.quantity = Quantity{reader.integer("quantity")};
    line.unit_price = Money{reader.integer("unit_price")};
    line.refunded = Quantity{reader.integer_or("refunded", 0)};
    line.kept_off_sale = Quantity{reader.integer_or("kept_off_sale", 0)};
    return line;
  });
}

json::object attributes_to_json(const std::map<std::string, std::string>& attributes) {
  json::object object;
  for (const auto& [key, value] : attributes) object[key] = value;
  return object;
}

Decoded<std::map<std::string, std::string>> attributes_from_json(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return fault("not an object");
  std::map<std::string, std::string> attributes;
  for (const auto& member : *object) {
    const auto* text = member.value().if_string();
    if (text == nullptr) return fault("`" + std::string(member.key()) + "` is no string");
    attributes.emplace(std::string(member.key()), std::string(text->data(), text->size()));
  }
  return attributes;
}

json::array refund_lines_to_json(const std::vector<RefundLine>& lines) {
  json::array array;
  array.reserve(lines.size());
  for (const auto& line : lines) {
    array.push_back(json::object{
        {"sku", line.sku.value}, {"quantity", line.quantity.units}, {"restock", line.restock}});
  }
  return array;
}

Decoded<std::vector<RefundLine>> refund_lines_from_json(const json::value& value) {
  return read_array<RefundLine>(value, [](Reader& reader) {
    RefundLine line;
    line.sku = Sku{reader.text("sku")};
    line.quantity = Quantity{reader.integer("quantity")};
    line.restock = reader.boolean_or("restock", true);
    return line;
  });
}

std::string to_payload(const Order& order, std::string_view generation) {
  std::string out;
  out.reserve(480 + 64 * order.lines.size());
  ObjectText object(out);
  object.text("order_id", order.id.to_string());
  object.text("reservation_id", order.reservation_id.to_string());
  object.text("fingerprint", order.fingerprint).text("user_id", order.user_id.value);
  object.text("currency", order.currency.code);
  append_array(object.member("lines"), order.lines, append_line);
  object.text("plan", order.plan.value).text("plan_version", order.plan_version);
  append_array(object.member("steps"), order.steps, append_planned_step);
  if (!order.attributes.empty()) {
    object.member("attributes").append(json::serialize(attributes_to_json(order.attributes)));
  }
  object.instant("placed_at", order.placed_at).text("generation", generation);
  object.end();
  return out;
}

Decoded<PlacedOrder> placed_order_from_json(const json::value& value) {
  Reader reader(value);
  PlacedOrder placed;
  Order& order = placed.order;
  order.id = reader.id<OrderId>("order_id");
  order.reservation_id = reader.id<ReservationId>("reservation_id");
  order.fingerprint = reader.text("fingerprint");
  order.user_id = UserId{reader.text("user_id")};
  order.currency = Currency{reader.text("currency")};
  order.lines = reader.part<std::vector<OrderLine>>("lines", lines_from_json);
  order.plan = PlanName{reader.text("plan")};
  order.plan_version = reader.text("plan_version");
  order.steps = reader.part<std::vector<Step>>("steps", planned_steps_from_json);
  if (reader.has("attributes")) {
    order.attributes =
        reader.part<std::map<std::string, std::string>>("attributes", attributes_from_json);
  }
  order.placed_at = reader.instant("placed_at");
  placed.generation = reader.text("generation");
  if (reader.error()) return fault(*reader.error());
  if (order.lines.empty()) return fault("`lines` is empty");
  for (auto& step : order.steps) step.updated_at = order.placed_at;
  order.amount = amount_of(order.lines);
  return placed;
}

Decoded<PlacedOrder> placed_order_from_payload(std::string_view payload) {
  json::error_code error;
  const auto value = json::parse({payload.data(), payload.size()}, error);
  if (error) return fault(error.message());
  return placed_order_from_json(value);
}

}  // namespace holdfast::codec
