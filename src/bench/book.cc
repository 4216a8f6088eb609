#include "bench/book.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "bench/options.h"

namespace holdfast::bench {
namespace {

using Rows = std::unique_ptr<PGresult, void (*)(PGresult*)>;

}  // namespace

Result<Book> Book::open(const std::string& url, const std::string& database) {
  // Only the first dbname is expanded as an URL; a second one replaces the database in it.
  const char* keys[] = {"dbname", "connect_timeout", "application_name",
                        database.empty() ? nullptr : "dbname", nullptr};
  const char* values[] = {url.c_str(), "5", "holdfast-bench", database.c_str(), nullptr};
  Connection connection(PQconnectdbParams(keys, values, 1), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return unreachable("PostgreSQL could not be reached: " +
                       std::string(PQerrorMessage(connection.get())));
  }
  Book book(std::move(connection));
  const auto limited = book.run("set statement_timeout = '60s'");
  if (!limited) {
    return tl::make_unexpected(limited.error());
  }
  return book;
}

Result<void> Book::run(const std::string& sql) {
  const Rows rows(PQexec(connection_.get(), sql.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(rows.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    return fail("PostgreSQL: " + std::string(PQerrorMessage(connection_.get())));
  }
  return {};
}

Result<std::uint64_t> Book::count(const char* sql) {
  const Rows rows(PQexec(connection_.get(), sql), PQclear);
  if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) {
    return fail("PostgreSQL: " + std::string(PQerrorMessage(connection_.get())));
  }
  return std::strtoull(PQgetvalue(rows.get(), 0, 0), nullptr, 10);
}

Result<std::uint64_t> Book::count_completed() {
  return count("select count(*) from orders where status = 'completed'");
}

Result<std::uint64_t> Book::count_refunded() {
  return count("select count(*) from refunds where status = 'refunded'");
}

std::string Book::server_version() const {
  const char* version = PQparameterStatus(connection_.get(), "server_version");
  return version == nullptr ? "" : version;
}

Result<Drained> wait_for_count(const std::function<Result<std::uint64_t>()>& count,
                               std::uint64_t wanted, std::chrono::milliseconds timeout,
                               const std::atomic<bool>& interrupted,
                               const std::function<void(std::uint64_t)>& on_poll) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + timeout;
  Drained drained;
  for (;;) {
    const auto asked = Clock::now();
    const auto seen = count();
    const auto now = Clock::now();
    if (!seen) {
      return tl::make_unexpected(seen.error());
    }
    if (*seen > drained.count || drained.at == Clock::time_point{}) {
      drained = {*seen, now};
    }
    on_poll(*seen);
    if (*seen >= wanted || now >= deadline || interrupted) {
      return drained;
    }
    std::this_thread::sleep_for(std::max<Clock::duration>(kPollEvery, (now - asked) * kPollShare));
  }
}

}  // namespace holdfast::bench
