#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/order_json.h"

namespace holdfast::codec {

namespace json = boost::json;

inline tl::unexpected<DecodeError> fault(std::string detail) {
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
  std::optional<Instant> optional_instant(std::string_view key) {
    if (!has(key)) return std::nullopt;
    return instant(key);
  }
  /// A count that fits; 0 where it is missing.
  std::uint32_t count(std::string_view key) {
    return static_cast<std::uint32_t>(integer_or(key, 0));
  }
  Milliseconds milliseconds_or(std::string_view key, Milliseconds fallback) {
    return Milliseconds{integer_or(key, fallback.count())};
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

  /// Texts of an array; none where it is missing.
  template <class T>
  std::vector<T> names(std::string_view key) {
    std::vector<T> found;
    if (!has(key)) return found;
    const auto* array = find(key)->if_array();
    if (array == nullptr) return fail_at<std::vector<T>>(key, "is no array");
    for (const auto& element : *array) {
      const auto* string = element.if_string();
      if (string == nullptr) return fail_at<std::vector<T>>(key, "has what is no string");
      found.push_back(T{std::string(string->data(), string->size())});
    }
    return found;
  }

  /// A member that a function of its own reads.
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

}  // namespace holdfast::codec
