#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/sqlite/session.h"
#include "ports/order_book.h"

namespace holdfast::embedded::book {

/// What moved stock or points: an order or refund by its id, or a change by its name.
struct Cause {
  std::optional<Uuid> id;
  std::string name;
};

Cause cause_of(MovementKind kind, const std::string& cause_id);

/// Each reads the columns of order_book_sql.h, from the next one on. Throw Failure (rejected) when
/// a row holds something that the domain does not know.
Order read_order(sqlite::Rows& row);
Refund read_refund(sqlite::Rows& row);
OrderStatus read_order_status(sqlite::Rows& row);
MovementKind read_movement_kind(sqlite::Rows& row);
std::string read_cause(sqlite::Rows& row);
std::vector<OrderLine> read_lines(sqlite::Rows& row);
std::vector<RefundLine> read_refund_lines(sqlite::Rows& row);
std::string read_fingerprint(sqlite::Rows& row);
StockRow read_stock(sqlite::Rows& row);
StockChange read_stock_change(sqlite::Rows& row);
ParkedMessage read_parked(sqlite::Rows& row);
Plan read_plan(sqlite::Rows& row);

/// False: an order of this id is there. Throws Failure (constraint) when the order is bad.
bool insert_order(sqlite::Session& session, const Order& order);
void update_order(sqlite::Session& session, const Order& order);
/// Inserts or replaces. Throws Failure (constraint) also when the id belongs to another order.
void write_refund(sqlite::Session& session, const Refund& refund);

/// All rows of a query.
template <class T, class Read>
std::vector<T> read_all(sqlite::Rows rows, Read read) {
  std::vector<T> items;
  while (rows.next()) items.push_back(read(rows));
  return items;
}

/// The first row of a query, if there is one.
template <class T, class Read>
std::optional<T> read_first(sqlite::Rows rows, Read read) {
  if (!rows.next()) return std::nullopt;
  return read(rows);
}

}  // namespace holdfast::embedded::book

namespace holdfast::sqlite {

/// An id as 16 bytes, a name as text.
template <>
struct Value<embedded::book::Cause> {
  static int bind(sqlite3_stmt* to, int at, const embedded::book::Cause& cause) {
    return cause.id ? Value<Uuid>::bind(to, at, *cause.id)
                    : Value<std::string>::bind(to, at, cause.name);
  }
  static embedded::book::Cause read(sqlite3_stmt* from, int at) {
    if (sqlite3_column_type(from, at) == SQLITE_BLOB) return {Value<Uuid>::read(from, at), {}};
    return {std::nullopt, Value<std::string>::read(from, at)};
  }
};

}  // namespace holdfast::sqlite
