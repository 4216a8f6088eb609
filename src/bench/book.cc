#include "bench/book.h"

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

#include "bench/options.h"

namespace holdfast::bench {
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

Result<Book::Rows> Book::query(const std::string& sql) {
  Rows rows(PQexec(connection_.get(), sql.c_str()), PQclear);
  if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) {
    return fail("PostgreSQL: " + std::string(PQerrorMessage(connection_.get())));
  }
  return rows;
}

Result<std::uint64_t> Book::count(const std::string& sql) {
  return query(sql).map([](const Rows& rows) {
    return static_cast<std::uint64_t>(std::strtoull(PQgetvalue(rows.get(), 0, 0), nullptr, 10));
  });
}

// Holdfast's times are whole milliseconds of the same clock.
Result<void> Book::start() {
  return query("select date_trunc('milliseconds', clock_timestamp())").map([this](const Rows& row) {
    since_ = "'" + std::string(PQgetvalue(row.get(), 0, 0)) + "'";
  });
}

Result<std::uint64_t> Book::count_completed() {
  return count("select count(*) from orders where status = 'completed' and placed_at >= " + since_);
}

Result<std::uint64_t> Book::count_refunded() {
  return count("select count(*) from refunds where status = 'refunded' and requested_at >= " +
               since_);
}

Result<std::uint64_t> Book::count_orders() {
  return count("select count(*) from orders");
}

Result<std::vector<std::uint64_t>> Book::completed_by_second() {
  return query("select floor(extract(epoch from completed_at - " + since_ +
               "::timestamptz))::bigint as second, count(*) from orders where placed_at >= " +
               since_ + " and completed_at is not null group by second order by second")
      .map([](const Rows& rows) {
        std::vector<std::uint64_t> counts;
        for (int row = 0; row < PQntuples(rows.get()); ++row) {
          const std::size_t second = std::strtoull(PQgetvalue(rows.get(), row, 0), nullptr, 10);
          counts.resize(second + 1);
          counts[second] = std::strtoull(PQgetvalue(rows.get(), row, 1), nullptr, 10);
        }
        return counts;
      });
}

std::string Book::server_version() const {
  const char* version = PQparameterStatus(connection_.get(), "server_version");
  return version == nullptr ? "" : version;
}

std::string with_database(const std::string& url, const std::string& database) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(url.find('?', host), url.size());
  const std::size_t path = std::min(url.find('/', host), end);
  return url.substr(0, path) + "/" + database + url.substr(end);
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
