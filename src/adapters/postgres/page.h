#pragma once

#include <string>
#include <utility>

#include "adapters/postgres/failure.h"
#include "adapters/postgres/list_query.h"
#include "codec/cursor.h"
#include "ports/order_book_rules.h"

namespace holdfast::postgres {

/// One item more than the page holds is read, to see whether another page follows.
inline ListQuery& limit_to(ListQuery& query, std::size_t limit) {
  return query.put("limit", std::to_string(limit));
}

/// What a page's cursor was read as; throws Failure (rejected) when it is malformed.
template <class T>
T well_formed(std::optional<T> part) {
  if (!part) throw rejected("malformed cursor");
  return std::move(*part);
}

/// For lists ordered by (time, id) with a uuid as id.
inline void continue_after(ListQuery& query, const PageRequest& page, char list) {
  limit_to(query, page.limit + 1);
  if (!page.cursor) return;
  const auto cursor = well_formed(codec::decode_cursor(*page.cursor, list));
  query.keep("cursor").bind("cursor_at", cursor.at);
  query.bind("cursor_id", well_formed(codec::uuid_key(cursor)));
}

}  // namespace holdfast::postgres
