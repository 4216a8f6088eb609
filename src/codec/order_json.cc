#include "codec/order_json.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "codec/json_reader.h"

namespace holdfast::codec {
namespace {

void append_text(std::string& out, std::string_view text) {
  const bool plain = is_valid_name(text);
  if (plain) {
    out.push_back('"');
    out.append(text);
    out.push_back('"');
  } else {
    out.append(json::serialize(json::string_view(text.data(), text.size())));
  }
}

void append_integer(std::string& out, std::int64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_member(std::string& out, std::string_view key, std::string_view text) {
  out.append(",\"").append(key).append("\":");
  append_text(out, text);
}

void append_steps(std::string& out, const std::vector<Step>& steps) {
  for (const auto& step : steps) {
    if (&step != &steps.front()) out.push_back(',');
    out.append("{\"name\":");
    append_text(out, step.name.value);
    append_member(out, "kind", to_string(step.kind));
    if (step.kind == StepKind::points) {
      out.append(",\"per\":");
      append_integer(out, step.points_per);
    }
    if (!step.after.empty()) {
      out.append(",\"after\":[");
      for (const auto& name : step.after) {
        if (&name != &step.after.front()) out.push_back(',');
        append_text(out, name.value);
      }
      out.push_back(']');
    }
    if (step.reversible) out.append(",\"reversible\":true");
    if (step.wait.count() != 0) {
      out.append(",\"wait_ms\":");
      append_integer(out, step.wait.count());
    }
    out.push_back('}');
  }
}

void append_lines(std::string& out, const std::vector<OrderLine>& lines) {
  for (const auto& line : lines) {
    if (&line != &lines.front()) out.push_back(',');
    out.append("{\"sku\":");
    append_text(out, line.sku.value);
    out.append(",\"quantity\":");
    append_integer(out, line.quantity.units);
    out.append(",\"unit_price\":");
    append_integer(out, line.unit_price.minor);
    out.push_back('}');
  }
}

}  // namespace

json::array lines_to_json(const std::vector<OrderLine>& lines) {
  json::array array;
  array.reserve(lines.size());
  for (const auto& line : lines) {
    json::object object{{"sku", line.sku.value},
                        {"quantity", line.quantity.units},
                        {"unit_price", line.unit_price.minor}};
    if (line.refunded.units != 0) object["refunded"] = line.refunded.units;
    if (line.kept_off_sale.units != 0) object["kept_off_sale"] = line.kept_off_sale.units;
    array.push_back(std::move(object));
  }
  return array;
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
  out.append("{\"order_id\":\"").append(order.id.to_string()).push_back('"');
  append_member(out, "reservation_id", order.reservation_id.to_string());
  append_member(out, "fingerprint", order.fingerprint);
  append_member(out, "user_id", order.user_id.value);
  append_member(out, "currency", order.currency.code);
  out.append(",\"lines\":[");
  append_lines(out, order.lines);
  out.append("],\"plan\":");
  append_text(out, order.plan.value);
  append_member(out, "plan_version", order.plan_version);
  out.append(",\"steps\":[");
  append_steps(out, order.steps);
  out.push_back(']');
  if (!order.attributes.empty()) {
    out.append(",\"attributes\":").append(json::serialize(attributes_to_json(order.attributes)));
  }
  append_member(out, "placed_at", to_rfc3339(order.placed_at));
  append_member(out, "generation", generation);
  out.push_back('}');
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
