// The last act: the books.

#include <fmt/format.h>

#include <optional>
#include <thread>
#include <utility>

#include "demo/json_view.h"
#include "demo/show.h"
#include "load/driver.h"

namespace holdfast::demo {
namespace {

// A SKU as reconciliation shows it.
struct Row {
  std::int64_t loaded = 0;
  std::int64_t available = 0;
  std::int64_t reserved = 0;
  std::int64_t sold = 0;
  std::int64_t returned = 0;

  bool is_conserved() const { return loaded == available + reserved + sold - returned; }
  bool is_as(const Expected& expected) const {
    return loaded == expected.loaded && sold == expected.sold && returned == expected.returned &&
           available == expected.available() && available >= 0 && reserved == 0;
  }
};

struct Books {
  int status = 0;
  bool is_balanced = false;
  std::map<std::string, Row> rows;  // the SKUs of this run
};

std::optional<Row> row_of(const boost::json::value& entry) {
  const auto loaded = number_within(entry, "loaded");
  const auto available = number_within(entry, "available");
  const auto reserved = number_within(entry, "reserved");
  const auto sold = number_within(entry, "sold");
  const auto returned = number_within(entry, "returned");
  if (!loaded || !available || !reserved || !sold || !returned) {
    return std::nullopt;
  }
  return Row{*loaded, *available, *reserved, *sold, *returned};
}

// Takes this run's SKUs out of one page of the reconciliation.
void collect(const Show& show, const boost::json::value& page, Books& books) {
  const boost::json::object* members = page.if_object();
  if (members == nullptr) {
    return;
  }
  for (const auto& member : *members) {
    const boost::json::array* entries = member.value().if_array();
    if (entries == nullptr) {
      continue;
    }
    for (const boost::json::value& entry : *entries) {
      const std::string sku = text_at(entry, "sku");
      const auto row = show.expected.contains(sku) ? row_of(entry) : std::nullopt;
      if (row) {
        books.rows[sku] = *row;
      }
    }
  }
}

tl::expected<Books, load::CallError> read_books(Show& show) {
  Books books;
  std::string cursor;
  bool all_pages_balanced = true;
  do {
    const auto reply =
        ask(show, get_request("/v1/reconciliation" + (cursor.empty() ? "" : "?cursor=" + cursor)));
    if (!reply) {
      return tl::make_unexpected(reply.error());
    }
    books.status = reply->status;
    all_pages_balanced = all_pages_balanced && flag_at(reply->body, "balanced").value_or(false);
    collect(show, reply->body, books);
    cursor = text_at(reply->body, "next_cursor");
  } while (!cursor.empty() && !show.interrupted);
  books.is_balanced = all_pages_balanced;
  // A SKU that reconciliation does not name in detail has its numbers among the stock.
  for (const auto& [sku, expected] : show.expected) {
    if (!books.rows.contains(sku)) {
      const auto reply = ask(show, get_request("/v1/stock/" + sku));
      if (!reply) {
        return tl::make_unexpected(reply.error());
      }
      books.rows[sku] = row_of(reply->body).value_or(Row{});
    }
  }
  return books;
}

bool is_as_expected(const Show& show, const Books& books) {
  for (const auto& [sku, expected] : show.expected) {
    const auto found = books.rows.find(sku);
    if (found == books.rows.end() || !found->second.is_as(expected)) {
      return false;
    }
  }
  return true;
}

void write_table(const Show& show, const Books& books, Act& act) {
  constexpr auto kRow = "{:<14}{:>9}  = {:>9} + {:>8} + {:>9} − {:>8}   {}";
  act.table.push_back(
      fmt::format(kRow, "SKU", "loaded", "available", "reserved", "sold", "returned", ""));
  for (const auto& [sku, row] : books.rows) {
    const bool holds = row.is_conserved() && row.is_as(show.expected.at(sku));
    act.table.push_back(fmt::format(kRow, sku, row.loaded, row.available, row.reserved, row.sold,
                                    row.returned, holds ? "✓" : "✗"));
  }
}

}  // namespace

ActResult balance_books(Show& show, Act& act) {
  const auto deadline = load::Clock::now() + kBooksDeadline;
  for (;;) {
    const auto books = read_books(show);
    if (!books) {
      return tl::make_unexpected(books.error());
    }
    const bool is_right = books->is_balanced && is_as_expected(show, *books);
    if (!is_right && load::Clock::now() < deadline && !show.interrupted) {
      std::this_thread::sleep_for(kPollEvery);
      continue;
    }
    act.check(books->is_balanced, "the reconciliation of Redis, queue and book is balanced",
              fmt::format("it is not, {} s after the last refund", kBooksDeadline.count()));
    act.check(is_as_expected(show, *books), "each SKU stands where this run's answers say it must");
    write_table(show, *books, act);
    return {};
  }
}

}  // namespace holdfast::demo
