#pragma once

#include <libpq-fe.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapters/postgres/migrate.h"
#include "adapters/postgres/postgres_order_book.h"
#include "tests/contract/order_book_fixture.h"

namespace holdfast::testing {

/// A plain, blocking connection for the tests' own needs.
class PostgresSession {
 public:
  explicit PostgresSession(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      throw std::runtime_error(PQerrorMessage(connection_.get()));
    }
    PQsetNoticeReceiver(
        connection_.get(), [](void*, const PGresult*) {}, nullptr);
  }
  /// The first column of the first row, or "".
  std::string operator()(const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
        PQexec(connection_.get(), sql.c_str()), PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      throw std::runtime_error(sql + ": " + PQerrorMessage(connection_.get()));
    }
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::unique_ptr<PGconn, Finish> connection_;
};

/// One statement on a connection of its own.
inline std::string run_sql(const std::string& url, const std::string& sql) {
  PostgresSession session(url);
  return session(sql);
}

/// The server's address; a test of a server that is not there fails.
inline std::string postgres_url() {
  const char* url = std::getenv("HOLDFAST_TEST_POSTGRES_URL");
  if (url == nullptr) throw std::runtime_error("HOLDFAST_TEST_POSTGRES_URL is not set");
  return url;
}

/// `url` with another database.
inline std::string with_database(const std::string& url, const std::string& database) {
  return url.substr(0, url.rfind('/') + 1) + database;
}

/// An empty database of its own on the server; dropped at the end of its life.
class ScratchDatabase {
 public:
  ScratchDatabase() {
    static int count = 0;
    name_ = "holdfast_test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
    run_sql(postgres_url(), "create database " + name_);
  }
  ~ScratchDatabase() {
    try {
      run_sql(postgres_url(), "drop database " + name_ + " with (force)");
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s is left behind: %s\n", name_.c_str(), error.what());
    }
  }
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;
  [[nodiscard]] std::string url() const { return with_database(postgres_url(), name_); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

/// The migrated database that the tests of this process share; emptied for each.
inline const ScratchDatabase& shared_database() {
  static const auto database = [] {
    auto scratch = std::make_unique<ScratchDatabase>();
    const auto migrated = postgres::migrate(scratch->url());
    if (!migrated) throw std::runtime_error(migrated.error());
    return scratch;
  }();
  return *database;
}

inline void empty_shared_database() {
  run_sql(shared_database().url(),
          "truncate orders, refunds, stock, stock_journal, stock_changes, points, points_journal, "
          "parked, audit, ledger_state, ledger_high_water, plans, events");
}

class PostgresBookFactory final : public OrderBookFactory {
 public:
  std::unique_ptr<OrderBook> make(boost::asio::io_context& loop) override {
    empty_shared_database();
    return attach(loop);
  }
  std::unique_ptr<OrderBook> attach(boost::asio::io_context& loop) override {
    return attach(loop, patient_options());
  }
  std::unique_ptr<OrderBook> attach_with_points_floor(boost::asio::io_context& loop) override {
    auto options = patient_options();
    options.points_floor_zero = true;
    return attach(loop, std::move(options));
  }
  static std::unique_ptr<PostgresOrderBook> attach(boost::asio::io_context& loop,
                                                   PostgresOptions options) {
    auto book = std::make_unique<PostgresOrderBook>(loop.get_executor(), std::move(options));
    book->start();
    return book;
  }

 private:
  static PostgresOptions patient_options() {
    PostgresOptions options;
    options.url = shared_database().url();
    options.timeout = std::chrono::seconds(20);
    return options;
  }
};

}  // namespace holdfast::testing
