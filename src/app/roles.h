#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "adapters/step_http/step_http_gateway.h"
#include "app/metrics.h"
#include "app/operations.h"
#include "app/parts.h"
#include "flows/admission.h"
#include "flows/event_relay.h"
#include "flows/event_teller.h"
#include "flows/outbox_publisher.h"
#include "flows/parked_desk.h"
#include "flows/queries.h"
#include "flows/rebuild.h"
#include "flows/reconciliation.h"
#include "flows/refund_worker.h"
#include "flows/refunds.h"
#include "flows/repeat_lookup.h"
#include "flows/settlement.h"
#include "flows/step_answers.h"
#include "flows/step_runner.h"
#include "flows/stock_desk.h"
#include "flows/sweep.h"
#include "http/server.h"

namespace holdfast::app {

/// Settles orders, runs their remote steps, carries refunds out, records parked messages and
/// publishes events, on a loop of its own.
class WorkerRole final : public WorkerControl {
 public:
  WorkerRole(const Config& config, Backend& backend);

  void start();
  void stop();
  /// Any thread.
  [[nodiscard]] std::optional<std::string> weakness() const { return parts_.stores->weakness(); }

  boost::asio::awaitable<PortResult<void>> set_paused(bool paused) override;
  [[nodiscard]] bool paused() const override { return paused_; }
  [[nodiscard]] std::uint64_t settled() const override { return settlement_.settled_count(); }
  [[nodiscard]] std::uint64_t mismatched() const override { return settlement_.mismatch_count(); }
  [[nodiscard]] std::uint64_t refunded() const override { return refunds_.refunded_count(); }
  [[nodiscard]] StepCounts steps() const override {
    return {runner_.call_count(), runner_.failure_count(), runner_.open_breakers()};
  }

 private:
  boost::asio::awaitable<void> run_steps();

  Parts parts_;
  step_http::StepHttpGateway gateway_;
  flows::EventTeller teller_;
  flows::SettlementFlow settlement_;
  flows::RefundWorker refunds_;
  flows::StepRunner runner_;
  flows::StepAnswers answers_;
  flows::EventRelay events_;
  flows::ParkedDesk parked_;
  std::atomic<bool> paused_;
};

/// Scans the truth for what no message brought on, on a loop of its own.
class SweepRole {
 public:
  SweepRole(const Config& config, Backend& backend);

  void start();
  void stop();

 private:
  Parts parts_;
  flows::Rebuild rebuild_;
  flows::StockDesk stock_;
  flows::Sweep sweep_;
};

/// One HTTP server with the flows behind it, on a loop of its own.
class ApiRole {
 public:
  /// `worker`: the worker of this process, or null.
  ApiRole(const Config& config, Backend& backend, Metrics& metrics, WorkerControl* worker);

  /// Listens; throws boost::system::system_error when the address cannot be had.
  void start();
  void stop();
  /// Any thread.
  [[nodiscard]] std::optional<std::string> weakness() const { return parts_.stores->weakness(); }

 private:
  Parts parts_;
  flows::OutboxPublisher publisher_;
  flows::RepeatLookup repeats_;
  flows::Admission admission_;
  flows::Queries queries_;
  flows::OrderUpdates updates_;
  flows::RefundWaker waker_;
  flows::Refunds refunds_;
  flows::StepReports reports_;
  flows::StockDesk stock_;
  flows::ParkedDesk parked_;
  flows::Reconciliation reconciliation_;
  flows::Rebuild rebuild_;
  AppOperations operations_;
  http::Services services_;
  http::Server server_;
};

}  // namespace holdfast::app
