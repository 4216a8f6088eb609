#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "codec/order_json.h"

namespace holdfast::codec {

/// What an archive of a book holds, in the order in which it holds it.
enum class ArchiveKind {
  plan,
  sku,
  stock_change,
  stock_movement,
  order,
  refund,
  points_movement,
  parked,
  event,
  audit,
  unsettled,  ///< an order that was accepted and is not in the book yet: its payload
};
inline constexpr std::size_t kArchiveKinds = static_cast<std::size_t>(ArchiveKind::unsettled) + 1;

/// How a field is written as JSON, and with that what a column is that holds it.
enum class ArchiveType {
  text,
  uuid,     ///< 36 characters
  instant,  ///< RFC 3339 in UTC with milliseconds
  integer,
  boolean,
  bytes,  ///< in hex
  cause,  ///< of a movement: an order's or refund's id, or a change's name
  json,   ///< as it is
};

/// A field of a kind of record; its name is that of the column in every book.
struct ArchiveField {
  std::string_view name;
  ArchiveType type = ArchiveType::text;
  bool optional = false;  ///< left out where the book has none
  /// Beyond the type: whether the domain can read it. Null: anything of the type will do.
  bool (*is_known)(const boost::json::value& value) = nullptr;
};

struct ArchiveRecord {
  ArchiveKind kind = ArchiveKind::plan;
  boost::json::object fields;
};

std::span<const ArchiveField> fields_of(ArchiveKind kind);
std::string_view to_string(ArchiveKind kind);
std::optional<ArchiveKind> parse_archive_kind(std::string_view text);

/// The text of a field that is one; "" where it is left out.
std::string text_of(const ArchiveRecord& record, std::string_view field);

/// A record as one line of an archive, `{"order":{…}}`, without the line's end.
std::string to_line(const ArchiveRecord& record);
/// Reads such a line's value. Every field of its kind is there unless it is optional, has its type,
/// and there are no others; fields that are null are taken for left out.
Decoded<ArchiveRecord> record_from_json(boost::json::value line);

}  // namespace holdfast::codec
