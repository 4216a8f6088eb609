#pragma once

#include <sqlite3.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "domain/ids.h"
#include "domain/money.h"

namespace holdfast::sqlite {

/// Raw bytes, for a column of type BLOB.
struct Bytes {
  std::string value;
};

/// How a type of ours is bound to a parameter (numbered from 1) and read from a column (from 0).
/// Numbers and instants (Unix milliseconds) are INTEGER, ids are BLOBs of 16 bytes, text is TEXT.
template <class T>
struct Value;

template <std::integral Integer>
struct Value<Integer> {
  static int bind(sqlite3_stmt* to, int at, Integer value) {
    return sqlite3_bind_int64(to, at, static_cast<sqlite3_int64>(value));
  }
  static Integer read(sqlite3_stmt* from, int at) {
    return static_cast<Integer>(sqlite3_column_int64(from, at));
  }
};

/// Bound texts must live until the statement has run, as arguments of one call do.
template <>
struct Value<std::string_view> {
  static int bind(sqlite3_stmt* to, int at, std::string_view value) {
    return sqlite3_bind_text64(to, at, value.data() == nullptr ? "" : value.data(), value.size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
};

template <>
struct Value<std::string> {
  static int bind(sqlite3_stmt* to, int at, const std::string& value) {
    return Value<std::string_view>::bind(to, at, value);
  }
  static std::string read(sqlite3_stmt* from, int at) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(from, at));
    return {text == nullptr ? "" : text, static_cast<std::size_t>(sqlite3_column_bytes(from, at))};
  }
};

template <>
struct Value<const char*> {
  static int bind(sqlite3_stmt* to, int at, const char* value) {
    return Value<std::string_view>::bind(to, at, value);
  }
};

template <>
struct Value<Bytes> {
  static int bind(sqlite3_stmt* to, int at, const Bytes& bytes) {
    return sqlite3_bind_blob64(to, at, bytes.value.empty() ? "" : bytes.value.data(),
                               bytes.value.size(), SQLITE_STATIC);
  }
  static Bytes read(sqlite3_stmt* from, int at) {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(from, at));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(from, at));
    return Bytes{data == nullptr ? std::string() : std::string(data, size)};
  }
};

template <>
struct Value<Uuid> {
  static int bind(sqlite3_stmt* to, int at, const Uuid& uuid) {
    return sqlite3_bind_blob64(to, at, uuid.bytes.data(), uuid.bytes.size(), SQLITE_STATIC);
  }
  static Uuid read(sqlite3_stmt* from, int at) {
    Uuid uuid;
    const void* data = sqlite3_column_blob(from, at);
    if (data != nullptr && sqlite3_column_bytes(from, at) == static_cast<int>(uuid.bytes.size())) {
      std::memcpy(uuid.bytes.data(), data, uuid.bytes.size());
    }
    return uuid;
  }
};

template <class Tag>
struct Value<Id<Tag>> {
  static int bind(sqlite3_stmt* to, int at, const Id<Tag>& id) {
    return Value<Uuid>::bind(to, at, id.value);
  }
  static Id<Tag> read(sqlite3_stmt* from, int at) { return {Value<Uuid>::read(from, at)}; }
};

template <class Tag>
struct Value<Name<Tag>> {
  static int bind(sqlite3_stmt* to, int at, const Name<Tag>& name) {
    return Value<std::string>::bind(to, at, name.value);
  }
  static Name<Tag> read(sqlite3_stmt* from, int at) { return {Value<std::string>::read(from, at)}; }
};

template <>
struct Value<Money> {
  static int bind(sqlite3_stmt* to, int at, Money money) {
    return sqlite3_bind_int64(to, at, money.minor);
  }
  static Money read(sqlite3_stmt* from, int at) { return {sqlite3_column_int64(from, at)}; }
};

template <>
struct Value<Quantity> {
  static int bind(sqlite3_stmt* to, int at, Quantity quantity) {
    return sqlite3_bind_int64(to, at, quantity.units);
  }
  static Quantity read(sqlite3_stmt* from, int at) { return {sqlite3_column_int64(from, at)}; }
};

template <>
struct Value<Milliseconds> {
  static int bind(sqlite3_stmt* to, int at, Milliseconds value) {
    return sqlite3_bind_int64(to, at, value.count());
  }
  static Milliseconds read(sqlite3_stmt* from, int at) {
    return Milliseconds{sqlite3_column_int64(from, at)};
  }
};

template <>
struct Value<Instant> {
  static int bind(sqlite3_stmt* to, int at, Instant value) {
    return Value<Milliseconds>::bind(to, at, value.time_since_epoch());
  }
  static Instant read(sqlite3_stmt* from, int at) {
    return Instant{Value<Milliseconds>::read(from, at)};
  }
};

template <class T>
struct Value<std::optional<T>> {
  static int bind(sqlite3_stmt* to, int at, const std::optional<T>& value) {
    return value ? Value<T>::bind(to, at, *value) : sqlite3_bind_null(to, at);
  }
  static std::optional<T> read(sqlite3_stmt* from, int at) {
    if (sqlite3_column_type(from, at) == SQLITE_NULL) return std::nullopt;
    return Value<T>::read(from, at);
  }
};

}  // namespace holdfast::sqlite
