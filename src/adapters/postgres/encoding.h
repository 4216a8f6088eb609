#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"
#include "domain/money.h"

namespace holdfast::postgres {

/// A JSON text, for a `jsonb` value.
struct Json {
  std::string text;
};

/// Raw bytes, for a `bytea` value.
struct Bytes {
  std::string value;
};

/// PostgreSQL's binary format of a type: its OID (pg_type.dat), and how a value is appended.
template <class T>
struct Encoding;

namespace detail {

template <std::integral Integer>
void append_big_endian(std::string& to, Integer value) {
  const auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  for (std::size_t i = sizeof(Integer); i-- > 0;) {
    to.push_back(static_cast<char>((bits >> (8 * i)) & 0xffU));
  }
}

/// Microseconds between 1970-01-01 and 2000-01-01, PostgreSQL's epoch.
inline constexpr std::int64_t kEpochOffset_us = 946'684'800'000'000;

}  // namespace detail

template <>
struct Encoding<std::int64_t> {
  static constexpr std::uint32_t kOid = 20;
  static void append(std::string& to, std::int64_t value) { detail::append_big_endian(to, value); }
};

template <>
struct Encoding<bool> {
  static constexpr std::uint32_t kOid = 16;
  static void append(std::string& to, bool value) { to.push_back(value ? '\1' : '\0'); }
};

template <>
struct Encoding<std::string_view> {
  static constexpr std::uint32_t kOid = 25;
  static void append(std::string& to, std::string_view value) { to.append(value); }
};

template <>
struct Encoding<std::string> : Encoding<std::string_view> {};

template <class Tag>
struct Encoding<Name<Tag>> {
  static constexpr std::uint32_t kOid = 25;
  static void append(std::string& to, const Name<Tag>& name) { to.append(name.value); }
};

template <>
struct Encoding<Uuid> {
  static constexpr std::uint32_t kOid = 2950;
  static void append(std::string& to, const Uuid& uuid) {
    std::for_each(uuid.bytes.begin(), uuid.bytes.end(),
                  [&to](std::uint8_t byte) { to.push_back(static_cast<char>(byte)); });
  }
};

template <class Tag>
struct Encoding<Id<Tag>> {
  static constexpr std::uint32_t kOid = Encoding<Uuid>::kOid;
  static void append(std::string& to, const Id<Tag>& id) { Encoding<Uuid>::append(to, id.value); }
};

template <>
struct Encoding<Instant> {
  static constexpr std::uint32_t kOid = 1184;
  static void append(std::string& to, Instant at) {
    detail::append_big_endian(to, at.time_since_epoch().count() * 1000 - detail::kEpochOffset_us);
  }
};

template <>
struct Encoding<Json> {
  static constexpr std::uint32_t kOid = 3802;
  static void append(std::string& to, const Json& json) {
    to.push_back('\1');  // the version of jsonb's binary format
    to.append(json.text);
  }
};

template <>
struct Encoding<Bytes> {
  static constexpr std::uint32_t kOid = 17;
  static void append(std::string& to, const Bytes& bytes) { to.append(bytes.value); }
};

/// A one-dimensional array, built value by value: one column of a set-based statement.
template <class T>
class Column {
 public:
  void push(const T& value) {
    const auto length_at = values_.size();
    values_.append(4, '\0');
    Encoding<T>::append(values_, value);
    std::string length;
    detail::append_big_endian(length, static_cast<std::int32_t>(values_.size() - length_at - 4));
    values_.replace(length_at, 4, length);
    ++count_;
  }
  void push(const std::optional<T>& value) {
    if (value) {
      push(*value);
    } else {
      push_null();
    }
  }
  void push_null() {
    detail::append_big_endian(values_, std::int32_t{-1});
    has_nulls_ = true;
    ++count_;
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }

  void append_to(std::string& to) const {
    detail::append_big_endian(to, std::int32_t{empty() ? 0 : 1});  // dimensions
    detail::append_big_endian(to, std::int32_t{has_nulls_ ? 1 : 0});
    detail::append_big_endian(to, Encoding<T>::kOid);
    if (empty()) return;
    detail::append_big_endian(to, count_);
    detail::append_big_endian(to, std::int32_t{1});  // lower bound
    to.append(values_);
  }

 private:
  std::string values_;
  std::int32_t count_ = 0;
  bool has_nulls_ = false;
};

template <class T>
Column<T> column_of(const std::vector<T>& values) {
  Column<T> column;
  for (const auto& value : values) column.push(value);
  return column;
}

/// The parameters $1, $2, … of one statement in binary format, in the order added.
class Parameters {
 public:
  template <class T>
  Parameters& add(const T& value) {
    const auto begin = buffer_.size();
    Encoding<T>::append(buffer_, value);
    return note(begin);
  }
  template <class T>
  Parameters& add(const Column<T>& column) {
    const auto begin = buffer_.size();
    column.append_to(buffer_);
    return note(begin);
  }
  template <class T>
  Parameters& add(const std::optional<T>& value) {
    if (value) return add(*value);
    places_.push_back({0, -1});
    return *this;
  }

  [[nodiscard]] int count() const { return static_cast<int>(places_.size()); }
  /// Pointers into this object's buffer; valid until it is changed or destroyed.
  [[nodiscard]] std::vector<const char*> values() const {
    std::vector<const char*> values;
    values.reserve(places_.size());
    for (const auto& place : places_) {
      values.push_back(place.length < 0 ? nullptr : buffer_.data() + place.begin);
    }
    return values;
  }
  [[nodiscard]] std::vector<int> lengths() const {
    std::vector<int> lengths;
    lengths.reserve(places_.size());
    for (const auto& place : places_) lengths.push_back(std::max(place.length, 0));
    return lengths;
  }

 private:
  struct Place {
    std::size_t begin;
    int length;  ///< −1: null
  };
  Parameters& note(std::size_t begin) {
    places_.push_back({begin, static_cast<int>(buffer_.size() - begin)});
    return *this;
  }

  std::string buffer_;
  std::vector<Place> places_;
};

}  // namespace holdfast::postgres
