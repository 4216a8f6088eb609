#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "flows/admission.h"
#include "flows/event_relay.h"
#include "flows/event_teller.h"
#include "flows/ledger_guard.h"
#include "flows/outbox_publisher.h"
#include "flows/parked_desk.h"
#include "flows/plan_book.h"
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
#include "flows/stock_release.h"
#include "flows/sweep.h"
#include "sim/links.h"
#include "sim/provider.h"
#include "sim/scheduler.h"
#include "sim/settings.h"
#include "sim/wire.h"
#include "sim/wired_book.h"
#include "sim/wired_bus.h"
#include "sim/wired_ledger.h"

namespace holdfast::sim {

/// One process of Holdfast, every role in it: the production flows over a wire. Destroyed at its
/// death, whatever it is doing.
class Process {
 public:
  Process(Network& network, Servers& servers, Provider& provider, const settings::Tuning& tuning,
          Links links, std::string name, std::uint32_t number, Random random);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void start();
  /// Notes where its flows stand and wait: it dies.
  void note_waits(Sites& sites) const;

  [[nodiscard]] const std::string& name() const { return wire->name(); }
  [[nodiscard]] Context::Executor executor() { return context.executor(); }

  Context context;
  bool tells_events;
  VirtualClock clock{context};
  SeededIds ids;
  Links links;
  std::shared_ptr<Wire> wire;
  WiredLedger ledger;
  WiredBook book;
  WiredBus bus;
  WiredGateway gateway;
  flows::LedgerGuard guard;
  flows::PlanBook plans;
  flows::OrderWriter writer;
  flows::StockRelease release;
  flows::OrderFinisher finisher;
  flows::EventTeller teller;
  flows::OutboxPublisher publisher;
  flows::RepeatLookup repeats;
  flows::Admission admission;
  flows::OrderUpdates updates;
  flows::RefundWaker waker;
  flows::Refunds refunds;
  flows::RefundWorker refund_worker;
  flows::SettlementFlow settlement;
  flows::StepRunner runner;
  flows::StepAnswers answers;
  flows::StepReports reports;
  flows::EventRelay events;
  flows::ParkedDesk parked;
  flows::StockDesk desk;
  flows::Queries queries;
  flows::Reconciliation reconciliation;
  flows::Rebuild rebuild;
  flows::Sweep sweep;

 private:
  boost::asio::awaitable<void> run_steps();
};

}  // namespace holdfast::sim
