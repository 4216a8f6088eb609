#pragma once

#include <optional>
#include <string>
#include <utility>

#include "adapters/sqlite/failure.h"
#include "codec/cursor.h"
#include "ports/order_book_rules.h"

namespace holdfast::embedded::book {

/// The lists that pages are made of; their cursors tell them apart.
inline constexpr char kOrdersList = 'o';
inline constexpr char kRefundsList = 'r';
inline constexpr char kStockList = 's';
inline constexpr char kJournalList = 'j';
inline constexpr char kParkedList = 'p';

/// The place in a list, newest first, that a page begins after; by default the list's beginning.
struct Before {
  Instant at = Instant::max();
  Uuid id;
};

/// What a page's cursor was read as; throws Failure (rejected) when it is malformed.
template <class T>
T well_formed(std::optional<T> part) {
  if (!part) sqlite::reject("malformed cursor");
  return std::move(*part);
}

/// For lists ordered by (time, id) with a uuid as id.
inline Before begin_of(const PageRequest& page, char list) {
  Before before;
  if (!page.cursor) return before;
  const auto cursor = well_formed(codec::decode_cursor(*page.cursor, list));
  before.at = cursor.at;
  before.id = well_formed(codec::uuid_key(cursor));
  return before;
}

/// One item more than the page holds is read, to see whether another page follows.
inline std::size_t read_limit(const PageRequest& page) {
  return page.limit + 1;
}

}  // namespace holdfast::embedded::book
