#include "codec/archive_record.h"

#include <array>
#include <boost/json/serialize.hpp>

#include "codec/hex.h"
#include "codec/json_reader.h"
#include "codec/plan_json.h"
#include "domain/assert.h"

namespace holdfast::codec {
namespace {

template <auto Read>
bool readable(const json::value& value) {
  return Read(value).has_value();
}

template <auto Parse>
bool known_word(const json::value& value) {
  const auto& text = value.get_string();
  return Parse(std::string_view(text.data(), text.size())).has_value();
}

/// The fields of each kind.
namespace archive {

constexpr bool kOptional = true;

constexpr std::array kPlan{
    ArchiveField{"plan"}, ArchiveField{"version"},
    ArchiveField{"steps", ArchiveType::json, false, readable<plan_steps_from_json>}};
constexpr std::array kSku{ArchiveField{"sku"},
                          ArchiveField{"loaded", ArchiveType::integer},
                          ArchiveField{"sold", ArchiveType::integer},
                          ArchiveField{"returned", ArchiveType::integer},
                          ArchiveField{"purchase_limit", ArchiveType::integer, kOptional},
                          ArchiveField{"limit_pending_since", ArchiveType::instant, kOptional},
                          ArchiveField{"limit_version", ArchiveType::integer}};
constexpr std::array kStockChange{ArchiveField{"change_id"},
                                  ArchiveField{"kind"},
                                  ArchiveField{"sku"},
                                  ArchiveField{"asked_delta", ArchiveType::integer, kOptional},
                                  ArchiveField{"asked_on_hand", ArchiveType::integer, kOptional},
                                  ArchiveField{"delta", ArchiveType::integer},
                                  ArchiveField{"reason", ArchiveType::text, kOptional},
                                  ArchiveField{"state"},
                                  ArchiveField{"at", ArchiveType::instant}};
constexpr std::array kStockMovement{ArchiveField{"sku"},
                                    ArchiveField{"at", ArchiveType::instant},
                                    ArchiveField{"kind"},
                                    ArchiveField{"cause", ArchiveType::cause},
                                    ArchiveField{"delta", ArchiveType::integer},
                                    ArchiveField{"loaded", ArchiveType::integer},
                                    ArchiveField{"sold", ArchiveType::integer},
                                    ArchiveField{"returned", ArchiveType::integer}};
constexpr std::array kOrder{
    ArchiveField{"order_id", ArchiveType::uuid},
    ArchiveField{"reservation_id", ArchiveType::uuid},
    ArchiveField{"fingerprint", ArchiveType::bytes},
    ArchiveField{"user_id"},
    ArchiveField{"currency"},
    ArchiveField{"lines", ArchiveType::json, false, readable<lines_from_json>},
    ArchiveField{"plan"},
    ArchiveField{"plan_version"},
    ArchiveField{"attributes", ArchiveType::json, kOptional, readable<attributes_from_json>},
    ArchiveField{"amount", ArchiveType::integer},
    ArchiveField{"refunded_amount", ArchiveType::integer},
    ArchiveField{"status", ArchiveType::text, false, known_word<parse_order_status>},
    ArchiveField{"reason", ArchiveType::text, kOptional, known_word<parse_cancel_reason>},
    ArchiveField{"failed_step", ArchiveType::text, kOptional},
    ArchiveField{"steps", ArchiveType::json, false, readable<steps_from_json>},
    ArchiveField{"points_earned", ArchiveType::integer},
    ArchiveField{"placed_at", ArchiveType::instant},
    ArchiveField{"completed_at", ArchiveType::instant, kOptional},
    ArchiveField{"next_check_at", ArchiveType::instant, kOptional},
    ArchiveField{"stock_released", ArchiveType::boolean},
    ArchiveField{"preempted_by", ArchiveType::uuid, kOptional}};
constexpr std::array kRefund{
    ArchiveField{"refund_id", ArchiveType::uuid},
    ArchiveField{"order_id", ArchiveType::uuid},
    ArchiveField{"fingerprint", ArchiveType::bytes},
    ArchiveField{"status", ArchiveType::text, false, known_word<parse_refund_status>},
    ArchiveField{"amount", ArchiveType::integer},
    ArchiveField{"lines", ArchiveType::json, false, readable<refund_lines_from_json>},
    ArchiveField{"whole", ArchiveType::boolean},
    ArchiveField{"when_incomplete", ArchiveType::text, false, known_word<parse_when_incomplete>},
    ArchiveField{"reason", ArchiveType::text, kOptional},
    ArchiveField{"error", ArchiveType::text, kOptional},
    ArchiveField{"checks", ArchiveType::integer},
    ArchiveField{"next_check_at", ArchiveType::instant, kOptional},
    ArchiveField{"steps", ArchiveType::json, false, readable<refund_steps_from_json>},
    ArchiveField{"stock_released", ArchiveType::boolean},
    ArchiveField{"requested_at", ArchiveType::instant},
    ArchiveField{"refunded_at", ArchiveType::instant, kOptional}};
constexpr std::array kPointsMovement{
    ArchiveField{"user_id"}, ArchiveField{"at", ArchiveType::instant}, ArchiveField{"kind"},
    ArchiveField{"cause", ArchiveType::cause}, ArchiveField{"delta", ArchiveType::integer}};
constexpr std::array kParked{ArchiveField{"id", ArchiveType::uuid},
                             ArchiveField{"queue"},
                             ArchiveField{"reason"},
                             ArchiveField{"subject"},
                             ArchiveField{"order_id", ArchiveType::uuid, kOptional},
                             ArchiveField{"refund_id", ArchiveType::uuid, kOptional},
                             ArchiveField{"step", ArchiveType::text, kOptional},
                             ArchiveField{"attempts", ArchiveType::integer},
                             ArchiveField{"first_at", ArchiveType::instant},
                             ArchiveField{"last_at", ArchiveType::instant},
                             ArchiveField{"detail"},
                             ArchiveField{"body", ArchiveType::bytes}};
constexpr std::array kEvent{ArchiveField{"id", ArchiveType::uuid}, ArchiveField{"type"},
                            ArchiveField{"body"}, ArchiveField{"at", ArchiveType::instant}};
constexpr std::array kAudit{ArchiveField{"actor"}, ArchiveField{"action"}, ArchiveField{"detail"},
                            ArchiveField{"at", ArchiveType::instant}};
constexpr std::array kUnsettled{
    ArchiveField{"order", ArchiveType::json, false, readable<placed_order_from_json>}};

}  // namespace archive

template <auto Parse>
bool is_text_of(const json::value& value) {
  const auto* text = value.if_string();
  return text != nullptr && Parse(std::string_view(text->data(), text->size())).has_value();
}

bool has_type(const json::value& value, ArchiveType type) {
  switch (type) {
    case ArchiveType::text:
    case ArchiveType::cause: return value.is_string();
    case ArchiveType::uuid: return is_text_of<parse_uuid>(value);
    case ArchiveType::instant: return is_text_of<parse_rfc3339>(value);
    case ArchiveType::integer: return value.is_int64();
    case ArchiveType::boolean: return value.is_bool();
    case ArchiveType::bytes: return is_text_of<from_hex>(value);
    case ArchiveType::json: return value.is_structured();
  }
  HF_ASSERT(false);
}

std::optional<std::string> fault_of(const json::object& fields, const ArchiveField& field) {
  const auto* value = fields.if_contains(field.name);
  if (value == nullptr) {
    if (field.optional) return std::nullopt;
    return "`" + std::string(field.name) + "` is missing";
  }
  if (!has_type(*value, field.type)) return "`" + std::string(field.name) + "` has another type";
  if (field.is_known != nullptr && !field.is_known(*value)) {
    return "`" + std::string(field.name) + "` cannot be read";
  }
  return std::nullopt;
}

std::optional<std::string> fault_of(const ArchiveRecord& record) {
  std::size_t found = 0;
  for (const auto& field : fields_of(record.kind)) {
    if (auto fault = fault_of(record.fields, field)) return fault;
    found += record.fields.contains(field.name) ? 1 : 0;
  }
  if (found != record.fields.size()) return "it has a field that this version does not know";
  return std::nullopt;
}

void leave_out_nulls(json::object& fields) {
  for (auto member = fields.begin(); member != fields.end();) {
    if (member->value().is_null()) {
      member = fields.stable_erase(member);
    } else {
      ++member;
    }
  }
}

}  // namespace

std::span<const ArchiveField> fields_of(ArchiveKind kind) {
  switch (kind) {
    case ArchiveKind::plan: return archive::kPlan;
    case ArchiveKind::sku: return archive::kSku;
    case ArchiveKind::stock_change: return archive::kStockChange;
    case ArchiveKind::stock_movement: return archive::kStockMovement;
    case ArchiveKind::order: return archive::kOrder;
    case ArchiveKind::refund: return archive::kRefund;
    case ArchiveKind::points_movement: return archive::kPointsMovement;
    case ArchiveKind::parked: return archive::kParked;
    case ArchiveKind::event: return archive::kEvent;
    case ArchiveKind::audit: return archive::kAudit;
    case ArchiveKind::unsettled: return archive::kUnsettled;
  }
  HF_ASSERT(false);
}

std::string_view to_string(ArchiveKind kind) {
  switch (kind) {
    case ArchiveKind::plan: return "plan";
    case ArchiveKind::sku: return "sku";
    case ArchiveKind::stock_change: return "stock_change";
    case ArchiveKind::stock_movement: return "stock_movement";
    case ArchiveKind::order: return "order";
    case ArchiveKind::refund: return "refund";
    case ArchiveKind::points_movement: return "points_movement";
    case ArchiveKind::parked: return "parked";
    case ArchiveKind::event: return "event";
    case ArchiveKind::audit: return "audit";
    case ArchiveKind::unsettled: return "unsettled";
  }
  HF_ASSERT(false);
}

std::optional<ArchiveKind> parse_archive_kind(std::string_view text) {
  for (std::size_t i = 0; i < kArchiveKinds; ++i) {
    const auto kind = static_cast<ArchiveKind>(i);
    if (to_string(kind) == text) return kind;
  }
  return std::nullopt;
}

std::string text_of(const ArchiveRecord& record, std::string_view field) {
  const auto* text = record.fields.if_contains(field);
  return text == nullptr ? std::string() : std::string(text->as_string());
}

std::string to_line(const ArchiveRecord& record) {
  return "{\"" + std::string(to_string(record.kind)) + "\":" + json::serialize(record.fields) + "}";
}

Decoded<ArchiveRecord> record_from_json(json::value line) {
  auto* object = line.if_object();
  if (object == nullptr || object->size() != 1) return fault("not a record");
  auto& member = *object->begin();
  const std::string name(member.key());
  const auto kind = parse_archive_kind(name);
  if (!kind) return fault("`" + name + "` is a kind of record that this version does not know");
  if (!member.value().is_object()) return fault("`" + name + "` is no object");
  ArchiveRecord record{*kind, std::move(member.value().get_object())};
  leave_out_nulls(record.fields);
  if (const auto found = fault_of(record)) return fault(name + ": " + *found);
  return record;
}

}  // namespace holdfast::codec
