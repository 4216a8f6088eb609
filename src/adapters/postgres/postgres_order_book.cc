#include "adapters/postgres/postgres_order_book.h"

#include <algorithm>

#include "adapters/postgres/rows.h"
#include "adapters/postgres/session.h"

namespace holdfast {

namespace statements = postgres::statements;

namespace {

Milliseconds server_timeout(Milliseconds timeout) {
  return std::max(timeout / 2 - postgres::limits::kServerGivesUpEarlier, timeout / 4);
}

}  // namespace

PostgresOrderBook::Session::Session(boost::asio::any_io_executor executor, PostgresOptions options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      statement_timeout_(server_timeout(options_.timeout)) {
  postgres::PoolOptions pool;
  pool.url = options_.url;
  pool.connections = options_.connections;
  pool.connect_timeout = options_.timeout;
  pool.session = session_settings();
  pool_ = std::make_shared<postgres::Pool>(executor_, std::move(pool));
}

void PostgresOrderBook::Session::stop() {
  stopped_ = true;
  pool_->stop();
  if (leading_) leading_->close();
}

boost::asio::awaitable<postgres::Result> PostgresOrderBook::Session::run_one(
    const Statement& statement, Parameters parameters, bool writes, Deadline deadline) {
  Pipeline pipeline;
  pipeline.add(statement, std::move(parameters));
  pipeline.end_transaction(writes);
  auto lease = co_await acquire(deadline);
  auto results = co_await lease->run(pipeline, deadline);
  co_return std::move(results.front());
}

boost::asio::awaitable<postgres::Result> PostgresOrderBook::Session::read(
    const Statement& statement, Parameters parameters, Deadline deadline) {
  return run_one(statement, std::move(parameters), false, deadline);
}

boost::asio::awaitable<postgres::Result> PostgresOrderBook::Session::write(
    const Statement& statement, Parameters parameters, Deadline deadline) {
  return run_one(statement, std::move(parameters), true, deadline);
}

boost::asio::awaitable<postgres::Result> PostgresOrderBook::Session::read(postgres::ListQuery query,
                                                                          Deadline deadline) {
  const auto statement = query.statement();
  co_return co_await run_one(statement, query.parameters(), false, deadline);
}

boost::asio::awaitable<postgres::Result> PostgresOrderBook::Session::write(
    postgres::ListQuery query, Deadline deadline) {
  const auto statement = query.statement();
  co_return co_await run_one(statement, query.parameters(), true, deadline);
}

PostgresOrderBook::PostgresOrderBook(boost::asio::any_io_executor executor, PostgresOptions options)
    : session_(std::make_shared<Session>(std::move(executor), std::move(options))) {}

PostgresOrderBook::~PostgresOrderBook() {
  session_->stop();
}

void PostgresOrderBook::start() {
  session_->start();
}

void PostgresOrderBook::stop() {
  session_->stop();
}

bool PostgresOrderBook::connected() const {
  return session_->connected();
}

PostgresOrderBook::Answer<void> PostgresOrderBook::record_audit(AuditEntry entry) {
  return Session::perform<void>(
      session_, [entry = std::move(entry)](Session& session, postgres::Deadline deadline) {
        return session.write(statements::record_audit, postgres::audit_parameters(entry), deadline);
      });
}

namespace {

BookBacklog read_backlog(const postgres::Result& result) {
  postgres::RowReader row(result, 0);
  BookBacklog backlog;
  backlog.waiting = row.get<std::int64_t>();
  backlog.reversing = row.get<std::int64_t>();
  backlog.needs_attention = row.get<std::int64_t>();
  backlog.unreleased = row.get<std::int64_t>();   // refunds
  backlog.unreleased += row.get<std::int64_t>();  // orders
  backlog.processing = row.get<std::int64_t>();
  backlog.cancelling = row.get<std::int64_t>();
  backlog.overdue_holds = row.get<std::int64_t>();
  backlog.unpublished_events = row.get<std::int64_t>();
  backlog.pending_changes = row.get<std::int64_t>();
  backlog.parked = row.get<std::int64_t>();
  backlog.oldest_hold_at = row.get<std::optional<Instant>>();
  return backlog;
}

}  // namespace

PostgresOrderBook::Answer<BookBacklog> PostgresOrderBook::backlog() {
  return Session::perform<BookBacklog>(session_, [](Session& session, postgres::Deadline deadline) {
    return session.ask(statements::backlog, {}, deadline, read_backlog);
  });
}

PostgresOrderBook::Answer<void> PostgresOrderBook::ping() {
  return Session::perform<void>(session_, [](Session& session, postgres::Deadline deadline) {
    return session.read(statements::ping, {}, deadline);
  });
}

}  // namespace holdfast
