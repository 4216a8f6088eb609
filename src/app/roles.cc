#include "app/roles.h"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <utility>

#include "app/config_url.h"
#include "app/version.h"
#include "async/spawn.h"
#include "flows/limits.h"

namespace holdfast::app {
namespace {

constexpr std::size_t kWorkerBookConnections = 3;
constexpr std::size_t kSweepBookConnections = 2;

flows::SettlementOptions settlement_options(const Config& config) {
  flows::SettlementOptions options;
  options.batch_max = config.settlement.batch_max;
  options.messages_max = config.settlement.prefetch;
  options.linger = config.settlement.linger;
  options.attempts = config.settlement.attempts;
  options.retry_first = config.settlement.retry_first;
  options.retry_max = config.settlement.retry_max;
  options.journal_retention = config.journal.retention;
  options.policy = step_policy(config);
  return options;
}

flows::StepRunnerOptions runner_options(const Config& config) {
  flows::StepRunnerOptions options;
  options.policy = step_policy(config);
  options.breaker_after = config.steps.breaker_after;
  options.breaker_pause = config.steps.breaker_pause;
  return options;
}

step_http::StepHttpOptions gateway_options() {
  step_http::StepHttpOptions options;
  options.user_agent = "holdfast/" + std::string(kVersion);
  return options;
}

flows::ParkedDeskOptions parked_options(const Config& config) {
  return {config.name_space, config.journal.retention, step_policy(config)};
}

flows::RefundWorkerOptions refund_options(const Config& config) {
  flows::RefundWorkerOptions options;
  options.policy = step_policy(config);
  options.attempts = config.refund.attempts;
  options.retry_first = config.settlement.retry_first;
  options.retry_max = config.settlement.retry_max;
  return options;
}

flows::SweepOptions sweep_options(const Config& config) {
  flows::SweepOptions options;
  options.every = config.sweep.every;
  options.outbox_after = config.outbox.sweep_after;
  options.batch_max = config.admission.batch_max;
  options.policy = step_policy(config);
  return options;
}

flows::OutboxOptions outbox_options(const Config& config) {
  flows::OutboxOptions options;
  options.batch_max = config.admission.batch_max;
  options.ack_timeout = config.admission.ack_timeout;
  return options;
}

flows::AdmissionOptions admission_options(const Config& config) {
  flows::AdmissionOptions options;
  options.ack =
      config.admission.ack == Ack::queued ? flows::AckPolicy::queued : flows::AckPolicy::reserved;
  options.outbox_max = config.outbox.max;
  options.max_in_flight = config.admission.max_in_flight;
  options.max_backlog = config.admission.max_backlog;
  return options;
}

http::ServerOptions server_options(const Config& config) {
  // The configuration was validated: it is an address or localhost.
  const auto listen = parse_listen(config.http.listen);
  const std::string host = listen->host == "localhost" ? "127.0.0.1" : listen->host;
  http::ServerOptions options;
  options.listen = {boost::asio::ip::make_address(host), listen->port};
  options.share_port = config.http.threads > 1;
  options.request_timeout = config.http.request_timeout;
  options.max_connections = config.http.max_connections;
  for (const auto& key : config.http.keys) {
    const auto role = key.role == KeyRole::shop ? http::Role::shop : http::Role::operations;
    options.keys.push_back({key.name, key.sha256, role});
  }
  if (config.http.auth == Auth::none) options.keys.clear();
  return options;
}

/// Runs `task` on the role's loop and waits for it from another thread.
void run_on(Parts& parts, boost::asio::awaitable<void> task) {
  boost::asio::co_spawn(parts.loop, std::move(task), boost::asio::use_future).get();
}

}  // namespace

WorkerRole::WorkerRole(const Config& config, Backend& backend)
    : parts_(config, backend, kWorkerBookConnections),
      gateway_(parts_.loop.get_executor(), parts_.clock, gateway_options()),
      teller_(parts_.book, parts_.bus, parts_.clock, parts_.writer.events()),
      settlement_({parts_.ledger, parts_.book, parts_.bus, parts_.clock, parts_.ids, parts_.guard,
                   parts_.writer, parts_.release, teller_},
                  settlement_options(config)),
      refunds_({parts_.ledger, parts_.book, parts_.bus, parts_.clock, parts_.ids, parts_.writer,
                parts_.finisher},
               refund_options(config)),
      runner_({parts_.book, parts_.bus, parts_.clock, parts_.ids, gateway_, parts_.plans,
               parts_.writer, parts_.finisher},
              runner_options(config)),
      answers_({parts_.book, parts_.bus, parts_.clock, parts_.ids, parts_.plans, parts_.writer,
                parts_.finisher},
               step_policy(config)),
      events_(parts_.book, parts_.bus, parts_.clock),
      parked_({parts_.ledger, parts_.book, parts_.bus, parts_.clock, parts_.ids, parts_.writer,
               parts_.finisher},
              parked_options(config)),
      paused_(config.worker.pause) {}

namespace {

/// Pauses before the first delivery can come when the configuration says so, then settles.
boost::asio::awaitable<void> settle(Parts& parts, flows::SettlementFlow& settlement, bool paused) {
  if (paused) {
    spdlog::warn("settlement begins paused ([worker] pause = true); POST /v1/worker/resume");
    static_cast<void>(co_await parts.bus.pause(queues::orders));
  }
  co_await settlement.run();
}

}  // namespace

void WorkerRole::start() {
  const auto executor = parts_.loop.get_executor();
  async::spawn(executor, settle(parts_, settlement_, paused_), "settlement");
  async::spawn(executor, refunds_.run(), "refunds");
  async::spawn(executor, parked_.record(), "the parked recorder");
  async::spawn(executor, answers_.run(), "workers' answers");
  async::spawn(executor, events_.run(), "the event relay");
  async::spawn(executor, run_steps(), "the start of the steps");
  parts_.start();
}

boost::asio::awaitable<void> WorkerRole::run_steps() {
  // Orders may be pinned to plans that are configured no more: their steps are run, too.
  for (auto loaded = co_await parts_.plans.load(); !loaded; loaded = co_await parts_.plans.load()) {
    spdlog::warn("steps wait for the book: {}", loaded.error().detail);
    co_await parts_.clock.sleep(flows::limits::kRetryLater);
  }
  for (auto& remote : parts_.plans.remote_steps()) {
    const auto name = remote.plan.value + "/" + remote.step.name.value;
    async::spawn(parts_.loop.get_executor(), runner_.run(std::move(remote)), "step " + name);
  }
}

boost::asio::awaitable<PortResult<void>> WorkerRole::set_paused(bool paused) {
  // The caller is on another loop; the bus belongs to this one.
  auto change = paused ? parts_.bus.pause(queues::orders) : parts_.bus.resume(queues::orders);
  auto done =
      co_await boost::asio::co_spawn(parts_.loop, std::move(change), boost::asio::use_awaitable);
  if (done) paused_ = paused;
  co_return done;
}

void WorkerRole::stop() {
  gateway_.stop();
  parts_.stop();
}

SweepRole::SweepRole(const Config& config, Backend& backend)
    : parts_(config, backend, kSweepBookConnections),
      rebuild_({parts_.ledger, parts_.book, parts_.bus, parts_.clock, parts_.ids},
               {config.journal.retention}),
      stock_({parts_.ledger, parts_.book, parts_.clock, parts_.ids, parts_.guard}),
      sweep_({parts_.ledger, parts_.book, parts_.bus, parts_.clock, parts_.ids, parts_.guard,
              rebuild_, stock_, parts_.writer, parts_.finisher, parts_.release},
             sweep_options(config)) {}

void SweepRole::start() {
  async::spawn(parts_.loop.get_executor(), sweep_.run(), "the sweep");
  parts_.start();
}

void SweepRole::stop() {
  parts_.stop();
}

ApiRole::ApiRole(const Config& config, Backend& backend, Metrics& metrics, WorkerControl* worker)
    : parts_(config, backend, config.postgres.connections),
      publisher_(parts_.ledger, parts_.bus, parts_.clock, parts_.ids, outbox_options(config)),
      repeats_(parts_.book),
      admission_({parts_.ledger, parts_.book, parts_.clock, parts_.ids, parts_.guard, publisher_,
                  repeats_},
                 plans_by_name(config), admission_options(config)),
      queries_({parts_.ledger, parts_.book, parts_.clock}),
      updates_(parts_.book, parts_.ledger),
      waker_(parts_.bus, parts_.ids),
      refunds_({updates_, parts_.book, parts_.clock, parts_.ids, parts_.writer, parts_.finisher,
                waker_, repeats_},
               step_policy(config)),
      reports_({updates_, parts_.clock, parts_.writer, parts_.finisher}, step_policy(config)),
      stock_({parts_.ledger, parts_.book, parts_.clock, parts_.ids, parts_.guard}),
      parked_({parts_.ledger, parts_.book, parts_.bus, parts_.clock, parts_.ids, parts_.writer,
               parts_.finisher},
              parked_options(config)),
      reconciliation_({parts_.ledger, parts_.book, parts_.bus, parts_.clock}),
      rebuild_({parts_.ledger, parts_.book, parts_.bus, parts_.clock, parts_.ids},
               {config.journal.retention}),
      operations_(parts_, reconciliation_, rebuild_, metrics, worker, config.name_space),
      services_{admission_, queries_,        refunds_,    reports_,     stock_,
                parked_,    reconciliation_, operations_, parts_.clock, parts_.ids},
      server_(parts_.loop.get_executor(), server_options(config), services_) {}

void ApiRole::start() {
  const auto executor = parts_.loop.get_executor();
  server_.start();
  async::spawn(executor, publisher_.run(), "the outbox publisher");
  async::spawn(executor, repeats_.run(), "the lookup of repeats");
  async::spawn(executor, updates_.run(), "the updates of orders");
  async::spawn(executor, waker_.run(), "the waker of refunds");
  async::spawn(executor, publisher_.delete_confirmed(), "the outbox publisher's deletes");
  async::spawn(executor, publisher_.expire_waiters(), "the outbox publisher's clock");
  parts_.start();
}

void ApiRole::stop() {
  run_on(parts_, server_.stop());
  parts_.stop();
}

}  // namespace holdfast::app
