#include "app/serve.h"

#include <libpq-fe.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "adapters/postgres/migrate.h"
#include "adapters/postgres/postgres_order_book.h"
#include "app/config_plans.h"
#include "app/parts.h"
#include "app/roles.h"
#include "app/version.h"
#include "async/spawn.h"

namespace holdfast::app {
namespace {

constexpr int kFine = 0;
constexpr int kFailed = 1;
constexpr int kUnreachable = 3;

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

void set_up_logging(const LogConfig& config) {
  auto logger = spdlog::stderr_color_mt("holdfast");
  spdlog::set_default_logger(std::move(logger));
  spdlog::set_level(spdlog::level::from_str(config.level));
  if (config.format == LogFormat::json) {
    spdlog::set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%v"})",
                        spdlog::pattern_time_type::utc);
  } else {
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  }
  spdlog::flush_every(std::chrono::seconds(1));
  spdlog::flush_on(spdlog::level::warn);
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

int migrate_book(const Config& config, std::chrono::milliseconds patience) {
  if (!wait_for_book(config.postgres.url, patience)) {
    spdlog::critical("PostgreSQL cannot be reached; `holdfast doctor` says what to mend");
    return kUnreachable;
  }
  const auto report = postgres::migrate(config.postgres.url);
  if (!report) {
    spdlog::critical("the book could not be migrated: {}", report.error());
    return kFailed;
  }
  for (const auto& file : report->applied) spdlog::info("applied migration {}", file);
  if (report->applied.empty()) {
    spdlog::info("the book is up to date ({} migrations)", report->already_applied);
  }
  return kFine;
}

/// The roles of this process, started inside out and stopped outside in.
struct Roles {
  Roles(const Config& config, const ServeOptions& options) {
    if (options.worker) worker = std::make_unique<WorkerRole>(config);
    if (options.sweep) sweep = std::make_unique<SweepRole>(config);
    for (std::uint32_t i = 0; options.api && i < config.http.threads; ++i) {
      apis.push_back(std::make_unique<ApiRole>(config, metrics, worker.get()));
    }
  }

  void start() {
    if (worker) {
      metrics.watch("holdfast_orders_settled", "Orders written into the book since the start",
                    [this] { return static_cast<double>(worker->settled()); });
      metrics.watch("holdfast_refunds_carried_out", "Refunds carried out since the start",
                    [this] { return static_cast<double>(worker->refunded()); });
      metrics.watch("holdfast_stock_mismatches", "Orders the book had no stock for",
                    [this] { return static_cast<double>(worker->mismatched()); });
      metrics.watch("holdfast_step_calls", "Calls of remote steps since the start",
                    [this] { return static_cast<double>(worker->steps().calls); });
      metrics.watch("holdfast_step_failures", "Calls of remote steps that settled nothing",
                    [this] { return static_cast<double>(worker->steps().failures); });
      metrics.watch("holdfast_open_breakers", "Steps whose other side fails at present",
                    [this] { return static_cast<double>(worker->steps().open_breakers); });
    }
    for (auto& api : apis) api->start();
    if (worker) worker->start();
    if (sweep) sweep->start();
  }

  void stop() {
    for (auto& api : apis) api->stop();
    if (sweep) sweep->stop();
    if (worker) worker->stop();
  }

  [[nodiscard]] bool redis_is_too_weak() const {
    return (worker && worker->redis_is_too_weak()) ||
           std::any_of(apis.begin(), apis.end(),
                       [](const auto& api) { return api->redis_is_too_weak(); });
  }

  void sample() {
    metrics.sample(worker ? static_cast<double>(worker->settled()) : 0,
                   worker ? static_cast<double>(worker->refunded()) : 0);
  }

  Metrics metrics;
  std::unique_ptr<WorkerRole> worker;
  std::unique_ptr<SweepRole> sweep;
  std::vector<std::unique_ptr<ApiRole>> apis;
};

/// Samples once a second until a signal asks for the end. False: Redis was found to be weaker than
/// the configuration asks, which is no state to serve in.
bool run_until_signalled(Roles& roles) {
  bool durable = true;
  boost::asio::io_context loop{1};
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  boost::asio::steady_timer timer(loop);
  signals.async_wait([&](const boost::system::error_code& error, int signal) {
    if (!error) spdlog::info("stopping on signal {}", signal);
    loop.stop();
  });
  std::function<void()> tick = [&] {
    roles.sample();
    durable = !roles.redis_is_too_weak();
    if (!durable) return loop.stop();
    timer.expires_after(std::chrono::seconds(1));
    timer.async_wait([&](const boost::system::error_code& error) {
      if (!error) tick();
    });
  };
  tick();
  loop.run();
  return durable;
}

}  // namespace

int migrate(const Config& config) {
  set_up_logging(config.log);
  return migrate_book(config, kBookPoll);
}

int serve(const Config& config, const ServeOptions& options) {
  set_up_logging(config.log);
  for (const auto& warning : config.warnings) spdlog::warn("{}", warning);
  if (config.postgres.auto_migrate) {
    if (const int code = migrate_book(config, kBookPatience); code != kFine) return code;
  }
  std::signal(SIGPIPE, SIG_IGN);
  if (!store_plans(config, kBookPatience)) {
    spdlog::critical("the book does not take the plans; `holdfast doctor` says what to mend");
    return kUnreachable;
  }
  try {
    Roles roles(config, options);
    roles.start();
    spdlog::info("holdfast {} serves on {}", kVersion, config.http.listen);
    const bool durable = run_until_signalled(roles);
    roles.stop();
    if (!durable) {
      spdlog::critical(
          "Redis could lose what was acknowledged: set appendonly yes, appendfsync "
          "always and maxmemory-policy noeviction, or [redis] require_durable = false");
      return kFailed;
    }
  } catch (const boost::system::system_error& error) {
    spdlog::critical("cannot serve on {}: {}; set [http] listen or stop what uses the port",
                     config.http.listen, error.what());
    return kFailed;
  }
  spdlog::info("stopped");
  return kFine;
}

}  // namespace holdfast::app
