#include "app/operations.h"

#include <boost/json/array.hpp>
#include <cmath>
#include <utility>

#include "app/version.h"
#include "flows/journaled_order.h"

namespace holdfast::app {
namespace {

namespace json = boost::json;

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

json::value age_s(const std::optional<Instant>& since, Instant now) {
  if (!since) return nullptr;
  return rounded(std::chrono::duration<double>(now - *since).count());
}

std::string guard_detail(const Parts& parts) {
  return parts.guard.generation() ? "generation " + *parts.guard.generation()
                                  : "closed: " + parts.guard.closed_because();
}

}  // namespace

AppOperations::AppOperations(Parts& parts, flows::Reconciliation& reconciliation,
                             flows::Rebuild& rebuild, Metrics& metrics, WorkerControl* worker,
                             std::string name_space)
    : parts_(parts),
      reconciliation_(reconciliation),
      rebuild_(rebuild),
      metrics_(metrics),
      worker_(worker),
      name_space_(std::move(name_space)) {}

boost::asio::awaitable<flows::Outcome<bool>> AppOperations::pause_worker() {
  co_return co_await set_paused(true);
}

boost::asio::awaitable<flows::Outcome<bool>> AppOperations::resume_worker() {
  co_return co_await set_paused(false);
}

boost::asio::awaitable<flows::Outcome<bool>> AppOperations::set_paused(bool paused) {
  if (worker_ == nullptr) {
    flows::Failure failure;
    failure.dependency = "worker";
    failure.detail = "this process has no worker role; ask one that has";
    co_return tl::unexpected(std::move(failure));
  }
  const auto done = co_await worker_->set_paused(paused);
  if (!done) co_return flows::unavailable_bus(done.error());
  co_return paused;
}

boost::asio::awaitable<flows::Outcome<flows::ReconciliationReport>> AppOperations::repair(
    std::string actor) {
  AuditEntry entry{actor, "reconciliation.repair", "", parts_.clock.now()};
  static_cast<void>(co_await parts_.book.record_audit(std::move(entry)));
  const auto rebuilt = co_await rebuild_.run("asked for by " + actor);
  if (!rebuilt) co_return tl::unexpected(rebuilt.error());
  if (!*rebuilt) {
    flows::Failure failure;
    failure.kind = flows::FailureKind::rebuilding;
    failure.detail = "another process is rebuilding the ledger";
    co_return tl::unexpected(std::move(failure));
  }
  co_await parts_.guard.verify();
  co_return co_await reconciliation_.report();
}

boost::asio::awaitable<std::vector<http::Readiness>> AppOperations::readiness() {
  auto all = co_await parts_.stores->health();
  all.push_back({"ledger", parts_.guard.generation().has_value(), guard_detail(parts_)});
  co_return all;
}

json::object AppOperations::rates() const {
  const auto rates = metrics_.rates();
  return {{"requests_per_s", rounded(rates.requests)},
          {"accepted_per_s", rounded(rates.accepted)},
          {"settled_per_s", rounded(rates.settled)},
          {"refunded_per_s", rounded(rates.refunded)}};
}

boost::asio::awaitable<json::object> AppOperations::queues_now() {
  json::object all;
  std::vector<QueueName> wanted{queues::orders, queues::refunds, queues::parked};
  const auto remote_steps = parts_.plans.remote_steps();
  for (const auto& remote : remote_steps) {
    wanted.push_back(queues::step(remote.plan, remote.step.name));
    if (remote.step.kind == StepKind::amqp) wanted.push_back(queues::work(remote.step.name));
  }
  for (const auto& queue : wanted) {
    const auto depth = co_await parts_.bus.depth(queue);
    const auto name = name_space_ + "." + queue.value;
    if (depth) {
      all[name] = json::object{{"ready", depth->ready}, {"consumers", depth->consumers}};
    } else {
      all[name] = nullptr;
    }
  }
  co_return all;
}

boost::asio::awaitable<json::object> AppOperations::status() {
  const auto now = parts_.clock.now();
  const auto& latency = metrics_.place_latency();
  json::object status{
      {"version", kVersion},
      {"uptime_s",
       rounded(std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count())},
      {"rates", rates()},
      {"place_latency_ms", json::object{{"p50", rounded(latency.percentile_ms(0.50))},
                                        {"p95", rounded(latency.percentile_ms(0.95))},
                                        {"p99", rounded(latency.percentile_ms(0.99))}}},
      {"admission", parts_.guard.generation() ? "open" : "closed"}};
  if (worker_ != nullptr) {
    status["worker"] = json::object{{"paused", worker_->paused()},
                                    {"settled", worker_->settled()},
                                    {"refunded", worker_->refunded()},
                                    {"stock_mismatches", worker_->mismatched()},
                                    {"step_calls", worker_->steps().calls},
                                    {"step_failures", worker_->steps().failures},
                                    {"open_breakers", worker_->steps().open_breakers}};
  }
  status["queues"] = co_await queues_now();
  const auto state = co_await parts_.ledger.state();
  if (state) {
    status["outbox"] = json::object{{"length", state->outbox_length},
                                    {"oldest_age_s", age_s(state->oldest_outbox_at, now)}};
    status["unsettled"] = json::object{{"count", state->unsettled},
                                       {"oldest_age_s", age_s(state->oldest_unsettled_at, now)}};
  } else {
    status["outbox"] = nullptr;
    status["unsettled"] = nullptr;
  }
  const auto backlog = co_await parts_.book.backlog();
  if (backlog) {
    status["orders"] =
        json::object{{"processing", backlog->processing}, {"cancelling", backlog->cancelling}};
    status["holds"] = json::object{{"waiting", backlog->waiting},
                                   {"overdue", backlog->overdue_holds},
                                   {"oldest_age_s", age_s(backlog->oldest_hold_at, now)}};
    status["refunds"] = json::object{{"reversing", backlog->reversing},
                                     {"needs_attention", backlog->needs_attention},
                                     {"unreleased", backlog->unreleased}};
    status["pending_stock_changes"] = backlog->pending_changes;
    status["parked"] = backlog->parked;
    status["unpublished_events"] = backlog->unpublished_events;
  } else {
    status["orders"] = nullptr;
    status["holds"] = nullptr;
    status["refunds"] = nullptr;
  }
  co_return status;
}

std::string AppOperations::metrics() {
  return metrics_.text();
}

void AppOperations::answered(const std::string& method, const std::string& route, int status,
                             std::chrono::microseconds took) {
  metrics_.answered(method, route, status, took);
}

}  // namespace holdfast::app
