#include "app/serve.h"

#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <csignal>
#include <functional>
#include <memory>
#include <vector>

#include "app/embedded_backend.h"
#include "app/exit_codes.h"
#include "app/logging.h"
#include "app/roles.h"
#include "app/server_backend.h"
#include "app/version.h"

namespace holdfast::app {
namespace {

/// The roles of this process, started inside out and stopped outside in.
struct Roles {
  Roles(const Config& config, Backend& backend, const ServeOptions& options) {
    if (options.worker) worker = std::make_unique<WorkerRole>(config, backend);
    if (options.sweep) sweep = std::make_unique<SweepRole>(config, backend);
    for (std::uint32_t i = 0; options.api && i < config.http.threads; ++i) {
      apis.push_back(std::make_unique<ApiRole>(config, backend, metrics, worker.get()));
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

  [[nodiscard]] std::optional<std::string> weakness() const {
    auto found = worker ? worker->weakness() : std::nullopt;
    for (const auto& api : apis) {
      if (!found) found = api->weakness();
    }
    return found;
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

/// Samples once a second until a signal asks for the end, or a store is found to be weaker than the
/// configuration asks, which is no state to serve in: why it is.
std::optional<std::string> run_until_signalled(Roles& roles) {
  std::optional<std::string> weakness;
  boost::asio::io_context loop{1};
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  boost::asio::steady_timer timer(loop);
  signals.async_wait([&](const boost::system::error_code& error, int signal) {
    if (!error) spdlog::info("stopping on signal {}", signal);
    loop.stop();
  });
  std::function<void()> tick = [&] {
    roles.sample();
    weakness = roles.weakness();
    if (weakness) return loop.stop();
    timer.expires_after(std::chrono::seconds(1));
    timer.async_wait([&](const boost::system::error_code& error) {
      if (!error) tick();
    });
  };
  tick();
  loop.run();
  return weakness;
}

int run_roles(const Config& config, Backend& backend, const ServeOptions& options) {
  for (const auto& warning : config.warnings) spdlog::warn("{}", warning);
  std::signal(SIGPIPE, SIG_IGN);
  if (const int code = backend.prepare(); code != exit_codes::kFine) return code;
  try {
    Roles roles(config, backend, options);
    roles.start();
    spdlog::info("holdfast {} serves on {}", kVersion, config.http.listen);
    const auto weakness = run_until_signalled(roles);
    roles.stop();
    if (weakness) {
      spdlog::critical("{}", *weakness);
      return exit_codes::kFailed;
    }
  } catch (const boost::system::system_error& error) {
    spdlog::critical("cannot serve on {}: {}; set [http] listen or stop what uses the port",
                     config.http.listen, error.what());
    return exit_codes::kFailed;
  }
  spdlog::info("stopped");
  return exit_codes::kFine;
}

}  // namespace

int migrate(const Config& config) {
  set_up_logging(config.log);
  return migrate_book(config);
}

int serve(const Config& config, const ServeOptions& options) {
  set_up_logging(config.log);
  ServerBackend backend(config);
  return run_roles(config, backend, options);
}

int serve_embedded(const Config& config, const std::string& folder) {
  set_up_logging(config.log);
  EmbeddedBackend backend(config, folder);
  return run_roles(config, backend, ServeOptions{});
}

}  // namespace holdfast::app
