#include <libpq-fe.h>
#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <thread>

#include "adapters/postgres/migrate.h"
#include "app/config_plans.h"
#include "app/exit_codes.h"
#include "app/server_backend.h"
#include "async/spawn.h"

// What must be true of the servers before roles can start.

namespace holdfast::app {
namespace {

constexpr std::chrono::seconds kBookPatience{60};
constexpr std::chrono::milliseconds kBookPoll{500};

/// Keeps the configured plans in the book, so that an order finishes on the plan it began with
/// whatever is configured by then. Before the first order can be pinned to one.
bool store_plans(const Config& config, std::chrono::milliseconds patience) {
  boost::asio::io_context loop{1};
  PostgresOrderBook book(loop.get_executor(), postgres_options(config, 1));
  book.start();
  bool stored = false;
  const auto store = [&]() -> boost::asio::awaitable<void> {
    const auto until = std::chrono::steady_clock::now() + patience;
    boost::asio::steady_timer timer(loop);
    while (!stored && std::chrono::steady_clock::now() < until) {
      const auto result = co_await book.store_plans(plans_from(config));
      stored = result.has_value();
      if (stored) break;
      spdlog::warn("the plans are not stored yet: {}", result.error().detail);
      timer.expires_after(kBookPoll);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    book.stop();
  };
  async::spawn(loop.get_executor(), store(), "the storing of plans");
  loop.run();
  return stored;
}

/// Waits until PostgreSQL takes connections; false when it did not in time.
bool wait_for_book(const std::string& url, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  bool told = false;
  while (PQping(url.c_str()) != PQPING_OK) {
    if (std::chrono::steady_clock::now() >= until) return false;
    if (!told) spdlog::warn("waiting for PostgreSQL to take connections");
    told = true;
    std::this_thread::sleep_for(kBookPoll);
  }
  return true;
}

int migrate_within(const Config& config, std::chrono::milliseconds patience) {
  if (!wait_for_book(config.postgres.url, patience)) {
    spdlog::critical("PostgreSQL cannot be reached; `holdfast doctor` says what to mend");
    return exit_codes::kUnreachable;
  }
  const auto report = postgres::migrate(config.postgres.url);
  if (!report) {
    spdlog::critical("the book could not be migrated: {}", report.error());
    return exit_codes::kFailed;
  }
  for (const auto& file : report->applied) spdlog::info("applied migration {}", file);
  if (report->applied.empty()) {
    spdlog::info("the book is up to date ({} migrations)", report->already_applied);
  }
  return exit_codes::kFine;
}

}  // namespace

int migrate_book(const Config& config) {
  return migrate_within(config, kBookPoll);
}

int ServerBackend::prepare() {
  if (config_.postgres.auto_migrate) {
    if (const int code = migrate_within(config_, kBookPatience); code != exit_codes::kFine) {
      return code;
    }
  }
  if (!store_plans(config_, kBookPatience)) {
    spdlog::critical("the book does not take the plans; `holdfast doctor` says what to mend");
    return exit_codes::kUnreachable;
  }
  return exit_codes::kFine;
}

}  // namespace holdfast::app
