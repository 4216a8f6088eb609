#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/postgres/encoding.h"
#include "adapters/postgres/result.h"
#include "codec/stored_json.h"
#include "ports/order_book.h"

namespace holdfast::postgres {

/// Each reads the columns its query file names, in that order. Throw Failure (rejected) when a row
/// holds something that the domain does not know.
Order read_order(RowReader& row);
Refund read_refund(RowReader& row);
OrderStatus read_order_status(RowReader& row);
StockRow read_stock(RowReader& row);
std::vector<StockRow> read_stock_rows(const Result& result);
StockChange read_stock_change(RowReader& row);
ParkedMessage read_parked(RowReader& row);
Plan read_plan(RowReader& row);

/// Rows of one kind, all of a result.
template <class T, class Read>
std::vector<T> read_all(const Result& result, Read read) {
  std::vector<T> items;
  items.reserve(static_cast<std::size_t>(result.rows()));
  for (int i = 0; i < result.rows(); ++i) {
    RowReader row(result, i);
    items.push_back(read(row));
  }
  return items;
}

/// The aggregates of `orders`, in their order; each of `refunds` goes to its order.
std::vector<OrderAggregate> join_refunds(std::vector<Order> orders, std::vector<Refund> refunds);

/// A fingerprint is stored as its 32 bytes. Throws Failure (constraint) on anything but an even
/// number of hex digits.
Bytes fingerprint_bytes(const std::string& fingerprint);
std::string fingerprint_text(const Bytes& bytes);

/// Lines, steps, attributes as a column holds them.
template <class Part>
Json json_of(const Part& part) {
  return Json{codec::stored_json(part)};
}

/// An enum's text, as stored.
template <class Enum>
std::string text_of(Enum value) {
  return std::string(to_string(value));
}
template <class Enum>
std::optional<std::string> text_of(const std::optional<Enum>& value) {
  return value ? std::optional<std::string>(to_string(*value)) : std::nullopt;
}
template <class Tag>
std::optional<std::string> text_of(const std::optional<Name<Tag>>& name) {
  return name ? std::optional<std::string>(name->value) : std::nullopt;
}

/// The two columns a movement's cause is stored in: a UUID takes less room.
struct Cause {
  std::optional<Uuid> id;
  std::optional<std::string> name;
};
Cause cause_of(MovementKind kind, const std::string& cause_id);
std::string read_cause(RowReader& row);
MovementKind read_movement_kind(RowReader& row);

/// Columns of movements as move_stock.sql and move_points.sql (but its last) take them.
Parameters stock_parameters(const std::vector<StockMovement>& movements);
Parameters points_parameters(const std::vector<PointsMovement>& movements);

/// Columns of messages as record_parked.sql takes them, each subject once.
Parameters parked_parameters(const std::vector<ParkedMessage>& messages);
Parameters audit_parameters(const AuditEntry& entry);

}  // namespace holdfast::postgres
