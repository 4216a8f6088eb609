#include "adapters/postgres/book_archive_sql.h"

#include <string_view>

#include "domain/assert.h"

// The statements follow from the fields of a kind of record: what an archive holds is said once.

namespace holdfast::postgres::archive {
namespace {

using codec::ArchiveField;
using codec::ArchiveKind;
using codec::ArchiveType;

/// Where a kind is kept and in which order it is read.
struct Table {
  std::string_view name;
  std::string_view order;
};

Table table_of(ArchiveKind kind) {
  switch (kind) {
    case ArchiveKind::plan: return {"plans", "t.plan, t.version"};
    case ArchiveKind::sku: return {"stock", "t.sku"};
    case ArchiveKind::stock_change: return {"stock_changes", "t.at, t.change_id"};
    case ArchiveKind::stock_movement: return {"stock_journal", "t.sku, t.at, t.id"};
    case ArchiveKind::order: return {"orders", "t.placed_at, t.order_id"};
    case ArchiveKind::refund: return {"refunds", "t.requested_at, t.refund_id"};
    case ArchiveKind::points_movement: return {"points_journal", "t.user_id, t.at, t.id"};
    case ArchiveKind::parked: return {"parked", "t.first_at, t.id"};
    case ArchiveKind::event: return {"events", "t.seq"};
    case ArchiveKind::audit: return {"audit", "t.id"};
    case ArchiveKind::unsettled: break;
  }
  HF_ASSERT(false);
}

/// A column as its field is written in JSON.
std::string read_of(const ArchiveField& field) {
  const std::string name(field.name);
  switch (field.type) {
    case ArchiveType::text:
    case ArchiveType::uuid:
    case ArchiveType::integer:
    case ArchiveType::boolean:
    case ArchiveType::json: return "t." + name;
    case ArchiveType::instant:
      return "to_char(t." + name + " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as " +
             name;
    case ArchiveType::bytes: return "encode(t." + name + ", 'hex') as " + name;
    case ArchiveType::cause: return "coalesce(t.cause_id::text, t.cause_name) as " + name;
  }
  HF_ASSERT(false);
}

/// As what the JSON is taken.
std::string_view type_of(const ArchiveField& field) {
  switch (field.type) {
    case ArchiveType::text:
    case ArchiveType::bytes:
    case ArchiveType::cause: return "text";
    case ArchiveType::uuid: return "uuid";
    case ArchiveType::integer: return "bigint";
    case ArchiveType::boolean: return "boolean";
    case ArchiveType::json: return "jsonb";
    case ArchiveType::instant: return "timestamptz";
  }
  HF_ASSERT(false);
}

std::string columns_of(const ArchiveField& field) {
  return field.type == ArchiveType::cause ? "cause_id, cause_name" : std::string(field.name);
}

/// What goes into a field's columns.
std::string value_of(const ArchiveField& field) {
  const std::string name = "r." + std::string(field.name);
  if (field.type == ArchiveType::bytes) return "decode(" + name + ", 'hex')";
  if (field.type != ArchiveType::cause) return name;
  // A change's name may look like an id.
  const std::string is_id =
      "r.kind in ('order', 'refund', 'cancellation') and r.cause ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-"
      "[0-9a-f]{12}$'";
  return "case when " + is_id + " then r.cause::uuid end, case when not (" + is_id +
         ") then r.cause end";
}

/// What `part` says of each field, with commas.
template <class Part>
std::string list_of(ArchiveKind kind, Part part) {
  std::string list;
  for (const auto& field : codec::fields_of(kind)) {
    list += (list.empty() ? "" : ", ") + std::string(part(field));
  }
  return list;
}

}  // namespace

std::string select_of(ArchiveKind kind) {
  const auto table = table_of(kind);
  return "select to_json(r)::text from (select " + list_of(kind, read_of) + " from " +
         std::string(table.name) + " as t order by " + std::string(table.order) + ") as r";
}

std::string insert_of(ArchiveKind kind) {
  const auto typed = [](const ArchiveField& field) {
    return std::string(field.name) + " " + std::string(type_of(field));
  };
  std::string sql = "insert into " + std::string(table_of(kind).name) + " (" +
                    list_of(kind, columns_of) + ") select " + list_of(kind, value_of) +
                    " from jsonb_to_recordset($1::jsonb) as r (" + list_of(kind, typed) + ")";
  if (kind == ArchiveKind::plan) sql += " on conflict do nothing";
  return sql;
}

}  // namespace holdfast::postgres::archive
