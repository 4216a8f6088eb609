#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"
#include "ports/order_book_rules.h"

namespace holdfast {

namespace statements = postgres::statements;
using postgres::Deadline;
using postgres::Parameters;

namespace {

/// Read under the locks of the change's id and its SKU.
StandingStock read_standing(const postgres::Result& stored, const postgres::Result& stock,
                            const postgres::Result& taking) {
  StandingStock standing;
  if (stored.rows() > 0) {
    postgres::RowReader row(stored, 0);
    StoredStockChange change;
    change.change = postgres::read_stock_change(row);
    change.asked_delta = row.get<std::optional<std::int64_t>>();
    change.asked_on_hand = row.get<std::optional<std::int64_t>>();
    standing.stored = std::move(change);
  }
  if (stock.rows() > 0) {
    postgres::RowReader row(stock, 0);
    standing.on_hand = row.get<std::int64_t>();
  }
  postgres::RowReader row(taking, 0);
  standing.pending_taking = row.get<std::int64_t>();
  return standing;
}

Parameters insert_parameters(const BeginStockChange& request, const StockChange& change) {
  Parameters parameters;
  parameters.add(change.change_id).add(postgres::text_of(change.kind)).add(change.sku);
  parameters.add(request.set_on_hand ? std::nullopt : std::optional(request.delta));
  parameters.add(request.set_on_hand).add(change.delta).add(change.reason);
  const bool is_applied = change.state == StockChange::State::applied;
  parameters.add(std::string_view(is_applied ? "applied" : "pending")).add(change.at);
  return parameters;
}

template <class Value>
Parameters only(const Value& value) {
  Parameters parameters;
  parameters.add(value);
  return parameters;
}

/// Two round trips: lock and read, decide, write.
template <class Session>
boost::asio::awaitable<BeginStockChangeResult> begin_once(Session& session,
                                                          const BeginStockChange& request,
                                                          Deadline deadline) {
  postgres::Pipeline reading;
  reading.add(statements::begin);
  reading.add(statements::begin_stock_change_lock, only(request.change_id));
  reading.add(statements::find_stock_change, only(request.change_id));
  if (request.create_if_missing) reading.add(statements::create_stock, only(request.sku));
  reading.add(statements::lock_stock, only(request.sku));
  reading.add(statements::pending_taking, only(request.sku));
  reading.end_transaction(false);

  auto lease = co_await session.acquire(deadline);
  const auto read = co_await lease->run(reading, deadline);
  const auto last = read.size() - 1;
  auto result = decide_stock_change(request, read_standing(read[2], read[last - 1], read[last]));

  postgres::Pipeline writing;
  const bool writes = result.outcome == BeginStockChangeOutcome::begun;
  if (writes) {
    writing.add(statements::begin_stock_change, insert_parameters(request, result.change));
    writing.add(statements::commit);
  } else {
    writing.add(statements::rollback);  // the SKU that was created for it, too
  }
  writing.end_transaction(writes);
  co_await lease->run(writing, deadline);
  co_return result;
}

/// Runs a statement that begins an attempt at a limit.
template <class Session>
boost::asio::awaitable<std::optional<std::int64_t>> begin_attempt(
    Session& session, const postgres::Statement& statement, Parameters parameters,
    Deadline deadline) {
  const auto result = co_await session.write(statement, std::move(parameters), deadline);
  if (result.rows() == 0) co_return std::nullopt;
  co_return postgres::RowReader(result, 0).get<std::int64_t>();
}

std::vector<StockChange> read_changes(const postgres::Result& result) {
  return postgres::read_all<StockChange>(result, postgres::read_stock_change);
}

}  // namespace

PostgresOrderBook::Answer<BeginStockChangeResult> PostgresOrderBook::begin_stock_change(
    BeginStockChange request) {
  return Session::perform<BeginStockChangeResult>(
      session_, [request = std::move(request)](Session& session, Deadline deadline) {
        return begin_once(session, request, deadline);
      });
}

PostgresOrderBook::Answer<void> PostgresOrderBook::finish_stock_change(ChangeId change_id,
                                                                       bool applied) {
  return Session::perform<void>(
      session_, [change_id = std::move(change_id), applied](Session& session, Deadline deadline) {
        Parameters parameters;
        parameters.add(change_id).add(applied);
        return session.write(statements::finish_stock_change, std::move(parameters), deadline);
      });
}

PostgresOrderBook::Answer<std::vector<StockChange>> PostgresOrderBook::pending_stock_changes(
    Instant begun_before, std::size_t limit) {
  return Session::perform<std::vector<StockChange>>(
      session_, [begun_before, limit](Session& session, Deadline deadline) {
        postgres::ListQuery query(embedded::pending_stock_changes_sql);
        query.bind("begun_before", begun_before).put("limit", std::to_string(limit));
        return session.ask(std::move(query), deadline, read_changes);
      });
}

PostgresOrderBook::Answer<std::optional<std::int64_t>> PostgresOrderBook::begin_limit_change(
    Sku sku, std::optional<std::int64_t> limit) {
  return Session::perform<std::optional<std::int64_t>>(
      session_, [sku = std::move(sku), limit](Session& session, Deadline deadline) {
        Parameters parameters;
        parameters.add(sku).add(limit);
        return begin_attempt(session, statements::begin_limit_change, std::move(parameters),
                             deadline);
      });
}

PostgresOrderBook::Answer<std::optional<std::int64_t>> PostgresOrderBook::retry_limit_change(
    LimitAttempt last) {
  return Session::perform<std::optional<std::int64_t>>(
      session_, [last = std::move(last)](Session& session, Deadline deadline) {
        Parameters parameters;
        parameters.add(last.sku).add(last.version);
        return begin_attempt(session, statements::retry_limit_change, std::move(parameters),
                             deadline);
      });
}

PostgresOrderBook::Answer<void> PostgresOrderBook::finish_limit_change(LimitAttempt attempt) {
  return Session::perform<void>(
      session_, [attempt = std::move(attempt)](Session& session, Deadline deadline) {
        Parameters parameters;
        parameters.add(attempt.sku).add(attempt.version);
        return session.write(statements::finish_limit_change, std::move(parameters), deadline);
      });
}

PostgresOrderBook::Answer<std::vector<StockRow>> PostgresOrderBook::pending_limit_changes(
    Instant begun_before) {
  return Session::perform<std::vector<StockRow>>(
      session_, [begun_before](Session& session, Deadline deadline) {
        return session.ask(statements::pending_limit_changes, only(begun_before), deadline,
                           postgres::read_stock_rows);
      });
}

}  // namespace holdfast
