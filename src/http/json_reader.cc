#include "http/json_reader.h"

namespace holdfast::http {
namespace {

constexpr std::string_view kWantsText = "must be a string";
constexpr std::string_view kWantsInteger =
    "must be an integer written without fraction or exponent, within 64 bits";

}  // namespace

ObjectReader::ObjectReader(JsonDocument& document, Index index)
    : document_(document),
      index_(index),
      is_object_(document.node(index).kind == JsonKind::object) {
  if (!is_object_) document_.faults().add(document_.pointer(index), "must be an object");
}

ObjectReader::Index ObjectReader::find(std::string_view key) const {
  if (!is_object_) return JsonDocument::kNone;
  Index at = document_.node(index_).first_child;
  while (at != JsonDocument::kNone && document_.node(at).key != key) at = document_.node(at).next;
  return at;
}

void ObjectReader::fault(std::string_view key, std::string detail) {
  document_.faults().add(document_.pointer(index_, key), std::move(detail));
}

bool ObjectReader::check(Index index, JsonKind kind, std::string_view wanted) {
  const JsonKind given = document_.node(index).kind;
  if (given == kind) return true;
  if (given == JsonKind::null) {
    document_.faults().add(document_.pointer(index),
                           "must not be null; leave an optional field out instead");
  } else {
    document_.faults().add(document_.pointer(index), std::string(wanted));
  }
  return false;
}

std::optional<ObjectReader::Index> ObjectReader::take(std::string_view key, Presence presence,
                                                      JsonKind kind, std::string_view wanted) {
  const Index at = find(key);
  if (at == JsonDocument::kNone) {
    if (presence == Presence::required && is_object_) fault(key, "this field is required");
    return std::nullopt;
  }
  document_.mark_used(at);
  if (!check(at, kind, wanted)) return std::nullopt;
  return at;
}

std::optional<std::string_view> ObjectReader::checked_text(Index index) {
  const std::string_view text = document_.node(index).text;
  if (text.find('\0') != std::string_view::npos) {
    document_.faults().add(document_.pointer(index), "must not contain the character U+0000");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string_view> ObjectReader::text(std::string_view key, Presence presence) {
  const auto at = take(key, presence, JsonKind::string, kWantsText);
  return at ? checked_text(*at) : std::nullopt;
}

std::optional<std::int64_t> ObjectReader::integer(std::string_view key, Presence presence) {
  const auto at = take(key, presence, JsonKind::integer, kWantsInteger);
  return at ? std::optional(document_.node(*at).integer) : std::nullopt;
}

std::optional<bool> ObjectReader::boolean(std::string_view key, Presence presence) {
  const auto at = take(key, presence, JsonKind::boolean, "must be true or false");
  return at ? std::optional(document_.node(*at).boolean) : std::nullopt;
}

std::optional<std::vector<ObjectReader::Index>> ObjectReader::array(std::string_view key,
                                                                    Presence presence) {
  const auto at = take(key, presence, JsonKind::array, "must be an array");
  if (!at) return std::nullopt;
  std::vector<Index> children;
  children.reserve(document_.node(*at).children);
  Index child = document_.node(*at).first_child;
  for (; child != JsonDocument::kNone; child = document_.node(child).next)
    children.push_back(child);
  return children;
}

std::optional<ObjectReader::Index> ObjectReader::object(std::string_view key, Presence presence) {
  return take(key, presence, JsonKind::object, "must be an object");
}

bool ObjectReader::take_null(std::string_view key) {
  const Index at = find(key);
  if (at == JsonDocument::kNone || document_.node(at).kind != JsonKind::null) return false;
  document_.mark_used(at);
  return true;
}

std::vector<std::pair<std::string_view, std::string_view>> ObjectReader::all_texts() {
  std::vector<std::pair<std::string_view, std::string_view>> members;
  if (!is_object_) return members;
  Index at = document_.node(index_).first_child;
  for (; at != JsonDocument::kNone; at = document_.node(at).next) {
    if (document_.node(at).used) continue;  // a duplicate
    document_.mark_used(at);
    if (!check(at, JsonKind::string, kWantsText)) continue;
    if (const auto value = checked_text(at)) members.emplace_back(document_.node(at).key, *value);
  }
  return members;
}

void ObjectReader::finish() {
  if (!is_object_) return;
  Index at = document_.node(index_).first_child;
  for (; at != JsonDocument::kNone; at = document_.node(at).next) {
    if (document_.node(at).used) continue;
    document_.faults().add(document_.pointer(at), "there is no such field; remove it");
  }
}

}  // namespace holdfast::http
