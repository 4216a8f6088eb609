#pragma once

#include <libpq-fe.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/counter.h"
#include "bench/failure.h"

namespace holdfast::bench {

// Looks into the book, beside Holdfast: counts what has come to its end. Owns one connection to
// PostgreSQL; blocks; one thread.
class Book final : public Counter {
 public:
  // `database`: instead of the one in `url`; empty for that one.
  static Result<Book> open(const std::string& url, const std::string& database = "");

  Result<void> start() override;
  Result<std::uint64_t> count_completed() override;
  Result<std::uint64_t> count_refunded() override;
  Result<std::vector<std::uint64_t>> completed_by_second() override;
  Result<std::uint64_t> count_orders();  // all there are
  // Any statement(s) without parameters.
  Result<void> run(const std::string& sql);

  // The server process of this connection.
  pid_t backend() const { return PQbackendPID(connection_.get()); }
  std::string server_version() const;
  const PGconn* connection() const { return connection_.get(); }

 private:
  using Rows = std::unique_ptr<PGresult, void (*)(PGresult*)>;
  using Connection = std::unique_ptr<PGconn, void (*)(PGconn*)>;
  explicit Book(Connection connection) : connection_(std::move(connection)) {}
  Result<Rows> query(const std::string& sql);
  Result<std::uint64_t> count(const std::string& sql);

  Connection connection_;
  std::string since_ = "'-infinity'";  // a literal: when counting was started
};

// `database` in place of the one that a PostgreSQL URL names.
std::string with_database(const std::string& url, const std::string& database);

struct Drained {
  std::uint64_t count = 0;
  std::chrono::steady_clock::time_point at{};  // when `count` was first seen
};

// Polls `count` until it has reached `wanted` or the timeout has passed, lightly: a count reads
// a row for each. `on_poll` is told each value; the time in the answer is late by one pause at
// most.
Result<Drained> wait_for_count(const std::function<Result<std::uint64_t>()>& count,
                               std::uint64_t wanted, std::chrono::milliseconds timeout,
                               const std::atomic<bool>& interrupted,
                               const std::function<void(std::uint64_t)>& on_poll);

}  // namespace holdfast::bench
