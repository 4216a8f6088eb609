#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "adapters/postgres/cursor.h"
#include "adapters/postgres/list_query.h"
#include "ports/order_book.h"

namespace holdfast::postgres {

/// One item more than the page holds is read, to see whether another page follows.
inline ListQuery& limit_to(ListQuery& query, std::size_t limit) {
  return query.put("limit", std::to_string(limit));
}

/// For lists ordered by (time, id) with a uuid as id.
inline void continue_after(ListQuery& query, const PageRequest& page, char list) {
  limit_to(query, page.limit + 1);
  if (!page.cursor) return;
  const auto cursor = decode_cursor(*page.cursor, list);
  query.keep("cursor").bind("cursor_at", cursor.at).bind("cursor_id", uuid_key(cursor));
}

/// `items` up to the page's limit; `place` gives an item's (time, key) in the list's order.
template <class T, class Place>
Page<T> page_of(std::vector<T> items, const PageRequest& request, char list, Place place) {
  Page<T> page;
  page.items = std::move(items);
  if (page.items.size() <= request.limit || request.limit == 0) return page;
  page.items.resize(request.limit);
  auto [at, key] = place(page.items.back());
  page.next_cursor = encode_cursor(Cursor{list, at, std::move(key)});
  return page;
}

}  // namespace holdfast::postgres
