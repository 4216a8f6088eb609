#include "adapters/postgres/page.h"
#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Deadline;
using postgres::Parameters;

namespace {

constexpr char kStockList = 's';
constexpr char kJournalList = 'j';

std::optional<StockRow> read_first_row(const postgres::Result& result) {
  auto rows = postgres::read_stock_rows(result);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::vector<UnitsBought> read_bought(const postgres::Result& result) {
  return postgres::read_all<UnitsBought>(result, [](postgres::RowReader& row) {
    UnitsBought bought;
    bought.user_id = row.get<UserId>();
    bought.units = Quantity{row.get<std::int64_t>()};
    return bought;
  });
}

JournalRow read_journal_row(postgres::RowReader& row) {
  JournalRow entry;
  entry.id = row.get<std::int64_t>();
  entry.movement.sku = row.get<Sku>();
  entry.movement.delta = row.get<std::int64_t>();
  entry.movement.loaded = row.get<std::int64_t>();
  entry.movement.sold = row.get<std::int64_t>();
  entry.movement.returned = row.get<std::int64_t>();
  entry.movement.kind = postgres::read_movement_kind(row);
  entry.movement.cause_id = postgres::read_cause(row);
  entry.movement.at = row.get<Instant>();
  return entry;
}

template <class Session>
boost::asio::awaitable<Page<StockRow>> list_once(Session& session, const PageRequest& page,
                                                 Deadline deadline) {
  postgres::ListQuery query(embedded::list_stock_sql);
  postgres::limit_to(query, page.limit + 1);
  if (page.cursor) {
    const auto cursor = postgres::well_formed(codec::decode_cursor(*page.cursor, kStockList));
    query.keep("cursor").bind("cursor_sku", cursor.key);
  }
  const auto rows = co_await session.read(std::move(query), deadline);
  co_return page_of(postgres::read_stock_rows(rows), page, [](const StockRow& row) {
    return codec::encode_cursor({kStockList, Instant{}, row.sku.value});
  });
}

template <class Session>
boost::asio::awaitable<Page<JournalRow>> list_journal_once(Session& session, const Sku& sku,
                                                           const PageRequest& page,
                                                           Deadline deadline) {
  postgres::ListQuery query(embedded::list_stock_journal_sql);
  postgres::limit_to(query, page.limit + 1).bind("sku", sku);
  if (page.cursor) {
    const auto cursor = postgres::well_formed(codec::decode_cursor(*page.cursor, kJournalList));
    query.keep("cursor").bind("cursor_at", cursor.at);
    query.bind("cursor_id", postgres::well_formed(codec::integer_key(cursor)));
  }
  const auto found = co_await session.read(std::move(query), deadline);
  auto rows = postgres::read_all<JournalRow>(found, read_journal_row);
  co_return page_of(std::move(rows), page, [](const JournalRow& row) {
    return codec::encode_cursor({kJournalList, row.movement.at, std::to_string(row.id)});
  });
}

}  // namespace

PostgresOrderBook::Answer<std::vector<UnitsBought>> PostgresOrderBook::units_bought(
    Sku sku, std::vector<OrderId> except, std::vector<RefundId> given_back) {
  return Session::perform<std::vector<UnitsBought>>(
      session_, [sku = std::move(sku), except = std::move(except),
                 given_back = std::move(given_back)](Session& session, Deadline deadline) {
        Parameters parameters;
        parameters.add(sku).add(postgres::column_of(except));
        parameters.add(postgres::column_of(given_back));
        return session.ask(statements::units_bought, std::move(parameters), deadline, read_bought);
      });
}

PostgresOrderBook::Answer<std::optional<StockRow>> PostgresOrderBook::find_stock(Sku sku) {
  return Session::perform<std::optional<StockRow>>(
      session_, [sku = std::move(sku)](Session& session, Deadline deadline) {
        Parameters parameters;
        parameters.add(sku);
        return session.ask(statements::find_stock, std::move(parameters), deadline, read_first_row);
      });
}

PostgresOrderBook::Answer<Page<StockRow>> PostgresOrderBook::list_stock(PageRequest page) {
  return Session::perform<Page<StockRow>>(
      session_, [page = std::move(page)](Session& session, Deadline deadline) {
        return list_once(session, page, deadline);
      });
}

PostgresOrderBook::Answer<std::vector<StockRow>> PostgresOrderBook::all_stock() {
  return Session::perform<std::vector<StockRow>>(session_, [](Session& session, Deadline deadline) {
    return session.ask(statements::all_stock, {}, deadline, postgres::read_stock_rows);
  });
}

PostgresOrderBook::Answer<Page<JournalRow>> PostgresOrderBook::list_stock_journal(
    Sku sku, PageRequest page) {
  return Session::perform<Page<JournalRow>>(
      session_,
      [sku = std::move(sku), page = std::move(page)](Session& session, Deadline deadline) {
        return list_journal_once(session, sku, page, deadline);
      });
}

}  // namespace holdfast
