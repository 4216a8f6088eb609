#include "adapters/embedded/book_archive_rows.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "codec/hex.h"
#include "codec/storable.h"
#include "domain/assert.h"

namespace holdfast::embedded::archive {

/// One column's value on its way in.
using Cell = std::variant<std::monostate, std::int64_t, std::string, sqlite::Bytes>;

}  // namespace holdfast::embedded::archive

namespace holdfast::sqlite {

template <>
struct Value<embedded::archive::Cell> {
  static int bind(sqlite3_stmt* to, int at, const embedded::archive::Cell& cell) {
    if (const auto* number = std::get_if<std::int64_t>(&cell)) {
      return Value<std::int64_t>::bind(to, at, *number);
    }
    if (const auto* text = std::get_if<std::string>(&cell)) {
      return Value<std::string>::bind(to, at, *text);
    }
    if (const auto* bytes = std::get_if<Bytes>(&cell)) return Value<Bytes>::bind(to, at, *bytes);
    return sqlite3_bind_null(to, at);
  }
};

}  // namespace holdfast::sqlite

namespace holdfast::embedded::archive {
namespace {

namespace json = boost::json;
using codec::ArchiveField;
using codec::ArchiveKind;
using codec::ArchiveType;
using sqlite::Bytes;
using sqlite::Rows;
using sqlite::Session;

/// Where a kind is kept and in which order it is read.
struct Table {
  std::string_view name;
  std::string_view order;
};

Table table_of(ArchiveKind kind) {
  switch (kind) {
    case ArchiveKind::plan: return {"book_plans", "plan, version"};
    case ArchiveKind::sku: return {"book_stock", "sku"};
    case ArchiveKind::stock_change: return {"book_stock_changes", "at, change_id"};
    case ArchiveKind::stock_movement: return {"book_stock_journal", "sku, at, id"};
    case ArchiveKind::order: return {"book_orders", "placed_at, order_id"};
    case ArchiveKind::refund: return {"book_refunds", "requested_at, refund_id"};
    case ArchiveKind::points_movement: return {"book_points", "user_id, seq"};
    case ArchiveKind::parked: return {"book_parked", "first_at, id"};
    case ArchiveKind::event: return {"book_events", "seq"};
    case ArchiveKind::audit: return {"book_audit", "id"};
    case ArchiveKind::unsettled: break;
  }
  HF_ASSERT(false);
}

std::string columns_of(ArchiveKind kind) {
  std::string columns;
  for (const auto& field : codec::fields_of(kind)) {
    columns += (columns.empty() ? "" : ", ") + std::string(field.name);
  }
  return columns;
}

std::string select_of(ArchiveKind kind) {
  const auto table = table_of(kind);
  return "select " + columns_of(kind) + " from " + std::string(table.name) + " order by " +
         std::string(table.order);
}

std::string insert_of(ArchiveKind kind) {
  if (kind == ArchiveKind::points_movement) {
    // A movement has the balance after it.
    return "insert into book_points (user_id, at, kind, cause, delta, seq, balance) "
           "select ?1, ?2, ?3, ?4, ?5, coalesce(last.seq, 0) + 1, coalesce(last.balance, 0) + ?5 "
           "from (select 1) left join (select seq, balance from book_points where user_id = ?1 "
           "order by seq desc limit 1) as last";
  }
  std::string places;
  for (std::size_t i = 1; i <= codec::fields_of(kind).size(); ++i) {
    places += (i == 1 ? "?" : ", ?") + std::to_string(i);
  }
  std::string sql = "insert into " + std::string(table_of(kind).name) + " (" + columns_of(kind) +
                    ") values (" + places + ")";
  if (kind == ArchiveKind::plan) sql += " on conflict do nothing";
  return sql;
}

template <class T>
json::value read_as(const Rows& rows, int at, json::value (*write)(const T&)) {
  const auto value = rows.get<std::optional<T>>(at);
  return value ? write(*value) : json::value();
}

json::value parsed(const std::string& text) {
  json::error_code error;
  auto value = json::parse(text, error);
  if (error) sqlite::reject("the book holds JSON that cannot be read: " + error.message());
  return value;
}

json::value read_cell(const Rows& rows, int at, ArchiveType type) {
  switch (type) {
    case ArchiveType::text:
      return read_as<std::string>(
          rows, at, [](const std::string& text) { return json::value(codec::storable(text)); });
    case ArchiveType::uuid:
      return read_as<Uuid>(rows, at, [](const Uuid& id) { return json::value(id.to_string()); });
    case ArchiveType::instant:
      return read_as<Instant>(
          rows, at, [](const Instant& time) { return json::value(codec::to_rfc3339(time)); });
    case ArchiveType::integer:
      return read_as<std::int64_t>(rows, at,
                                   [](const std::int64_t& number) { return json::value(number); });
    case ArchiveType::boolean:
      return read_as<bool>(rows, at, [](const bool& flag) { return json::value(flag); });
    case ArchiveType::bytes:
      return read_as<Bytes>(
          rows, at, [](const Bytes& bytes) { return json::value(codec::to_hex(bytes.value)); });
    case ArchiveType::cause:
      return read_as<book::Cause>(rows, at, [](const book::Cause& cause) {
        return json::value(cause.id ? cause.id->to_string() : cause.name);
      });
    case ArchiveType::json: return read_as<std::string>(rows, at, parsed);
  }
  HF_ASSERT(false);
}

Bytes bytes_of(const Uuid& id) {
  return Bytes{std::string(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size())};
}

std::string text_of(const json::value& value) {
  const auto& text = value.as_string();
  return {text.data(), text.size()};
}

Cell cause_cell(const codec::ArchiveRecord& record, const std::string& cause) {
  const auto kind = parse_movement_kind(codec::text_of(record, "kind"));
  if (!kind) sqlite::reject("a movement is of an unknown kind");
  auto stored = book::cause_of(*kind, cause);
  if (stored.id) return bytes_of(*stored.id);
  return std::move(stored.name);
}

/// Of a record that was checked: the field has its type.
Cell cell_of(const codec::ArchiveRecord& record, const ArchiveField& field) {
  const auto* value = record.fields.if_contains(field.name);
  if (value == nullptr) return {};
  switch (field.type) {
    case ArchiveType::text: return text_of(*value);
    case ArchiveType::uuid: return bytes_of(parse_uuid(text_of(*value)).value());
    case ArchiveType::instant:
      return codec::parse_rfc3339(text_of(*value)).value().time_since_epoch().count();
    case ArchiveType::integer: return value->as_int64();
    case ArchiveType::boolean: return std::int64_t{value->as_bool() ? 1 : 0};
    case ArchiveType::bytes: return Bytes{codec::from_hex(text_of(*value)).value()};
    case ArchiveType::cause: return cause_cell(record, text_of(*value));
    case ArchiveType::json: return json::serialize(*value);
  }
  HF_ASSERT(false);
}

}  // namespace

bool read_rows(Session& session, ArchiveKind kind,
               const std::function<bool(const codec::ArchiveRecord&)>& take) {
  const auto fields = codec::fields_of(kind);
  auto rows = session.query(select_of(kind));
  while (rows.next()) {
    codec::ArchiveRecord record;
    record.kind = kind;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      auto value = read_cell(rows, static_cast<int>(i), fields[i].type);
      if (!value.is_null()) record.fields.emplace(fields[i].name, std::move(value));
    }
    if (!take(record)) return false;
  }
  return true;
}

void write_row(Session& session, const codec::ArchiveRecord& record) {
  std::vector<Cell> cells;
  for (const auto& field : codec::fields_of(record.kind)) cells.push_back(cell_of(record, field));
  auto rows = session.query_with(insert_of(record.kind), cells);
  while (rows.next()) continue;
}

}  // namespace holdfast::embedded::archive
