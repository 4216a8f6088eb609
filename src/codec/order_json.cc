#include "codec/order_json.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>

namespace holdfast::codec {
namespace {

namespace json = boost::json;

tl::unexpected<DecodeError> fault(std::string detail) {
  return tl::unexpected<DecodeError>(DecodeError{std::move(detail)});
}

/// Reads members of one object and remembers the first fault, so that a reader can be written as
/// one expression per member and asked once at the end.
class Reader {
 public:
  explicit Reader(const json::value& value) : object_(value.if_object()) {
    if (object_ == nullptr) fail("not an object");
  }

  std::string text(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) return {};
    const auto* string = value->if_string();
    if (string == nullptr) return fail_at<std::string>(key, "is no string");
    return {string->data(), string->size()};
  }

  std::int64_t integer(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) return 0;
    json::error_code error;
    const auto number = value->to_number<std::int64_t>(error);
    return error ? fail_at<std::int64_t>(key, "is no integer") : number;
  }

  std::int64_t integer_or(std::string_view key, std::int64_t fallback) {
    return has(key) ? integer(key) : fallback;
  }

  bool boolean_or(std::string_view key, bool fallback) {
    if (!has(key)) return fallback;
    const auto* flag = find(key)->if_bool();
    return flag == nullptr ? fail_at<bool>(key, "is no boolean") : *flag;
  }

  std::optional<std::string> optional_text(std::string_view key) {
    if (!has(key)) return std::nullopt;
    return text(key);
  }

  template <class T, class Parse>
  T parsed(std::string_view key, Parse parse) {
    const auto value = parse(text(key));
    if (value) return *value;
    return fail_at<T>(key, "has an unknown value");
  }

  Instant instant(std::string_view key) { return parsed<Instant>(key, parse_rfc3339); }

  template <class T>
  T id(std::string_view key) {
    return parsed<T>(key, [](const std::string& text) { return T::parse(text); });
  }

  /// A member that a function above this class reads.
  template <class T>
  T part(std::string_view key, Decoded<T> (*read)(const json::value&)) {
    const auto* value = find(key);
    if (value == nullptr) return {};
    auto decoded = read(*value);
    if (decoded) return std::move(*decoded);
    return fail_at<T>(key, decoded.error().detail);
  }

  [[nodiscard]] bool has(std::string_view key) const {
    return object_ != nullptr && object_->if_contains(key) != nullptr;
  }
  [[nodiscard]] const std::optional<std::string>& error() const { return error_; }

 private:
  const json::value* find(std::string_view key) {
    if (object_ == nullptr) return nullptr;
    const auto* value = object_->if_contains(key);
    if (value == nullptr) fail("`" + std::string(key) + "` is missing");
    return value;
  }
  template <class T>
  T fail_at(std::string_view key, std::string_view what) {
    fail("`" + std::string(key) + "` " + std::string(what));
    return {};
  }
  void fail(std::string detail) {
    if (!error_) error_ = std::move(detail);
  }

  const json::object* object_;
  std::optional<std::string> error_;
};

template <class T, class ReadItem>
Decoded<std::vector<T>> read_array(const json::value& value, ReadItem read_item) {
  const auto* array = value.if_array();
  if (array == nullptr) return fault("not an array");
  std::vector<T> items;
  items.reserve(array->size());
  for (const auto& element : *array) {
    Reader reader(element);
    T item = read_item(reader);
    if (reader.error()) return fault(*reader.error());
    items.push_back(std::move(item));
  }
  return items;
}

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

/// Steps of a payload: names and kinds; the rest is as it was when the order was placed.
Decoded<std::vector<Step>> pending_steps(const json::value& value) {
  return read_array<Step>(value, [](Reader& reader) {
    Step step;
    step.name = StepName{reader.text("name")};
    step.kind = reader.parsed<StepKind>("kind", parse_step_kind);
    step.points_per = reader.integer_or("per", 0);
    return step;
  });
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

json::array steps_to_json(const std::vector<Step>& steps) {
  json::array array;
  array.reserve(steps.size());
  for (const auto& step : steps) {
    json::object object{{"name", step.name.value},
                        {"kind", to_string(step.kind)},
                        {"status", to_string(step.status)},
                        {"attempts", step.attempts},
                        {"updated_at", to_rfc3339(step.updated_at)}};
    if (step.kind == StepKind::points) object["per"] = step.points_per;
    if (step.reference) object["reference"] = *step.reference;
    if (step.error) object["error"] = *step.error;
    array.push_back(std::move(object));
  }
  return array;
}

Decoded<std::vector<Step>> steps_from_json(const json::value& value) {
  return read_array<Step>(value, [](Reader& reader) {
    Step step;
    step.name = StepName{reader.text("name")};
    step.kind = reader.parsed<StepKind>("kind", parse_step_kind);
    step.points_per = reader.integer_or("per", 0);
    step.status = reader.parsed<StepStatus>("status", parse_step_status);
    step.attempts = static_cast<std::uint32_t>(reader.integer("attempts"));
    step.reference = reader.optional_text("reference");
    step.error = reader.optional_text("error");
    step.updated_at = reader.instant("updated_at");
    return step;
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

json::array refund_steps_to_json(const std::vector<RefundStep>& steps) {
  json::array array;
  array.reserve(steps.size());
  for (const auto& step : steps) {
    json::object object{{"name", step.name.value},
                        {"status", to_string(step.status)},
                        {"attempts", step.attempts},
                        {"updated_at", to_rfc3339(step.updated_at)}};
    if (step.error) object["error"] = *step.error;
    array.push_back(std::move(object));
  }
  return array;
}

Decoded<std::vector<RefundStep>> refund_steps_from_json(const json::value& value) {
  return read_array<RefundStep>(value, [](Reader& reader) {
    RefundStep step;
    step.name = StepName{reader.text("name")};
    step.status = reader.parsed<ReverseStatus>("status", parse_reverse_status);
    step.attempts = static_cast<std::uint32_t>(reader.integer("attempts"));
    step.error = reader.optional_text("error");
    step.updated_at = reader.instant("updated_at");
    return step;
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
  order.steps = reader.part<std::vector<Step>>("steps", pending_steps);
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
