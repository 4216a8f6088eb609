#include "sim/process.h"

#include <boost/asio/any_io_executor.hpp>
#include <utility>

#include "async/spawn.h"
#include "flows/limits.h"

namespace holdfast::sim {
namespace {

std::map<std::string, Plan> plans_by_name(bool changed) {
  std::map<std::string, Plan> plans;
  for (auto& plan : settings::plans(changed)) plans.emplace(plan.name.value, plan);
  return plans;
}

flows::AdmissionOptions admission_options(const settings::Tuning& tuning) {
  flows::AdmissionOptions options;
  options.ack = tuning.ack;
  return options;
}

flows::OutboxOptions outbox_options() {
  flows::OutboxOptions options;
  options.batch_max = settings::kBatchMax;
  return options;
}

flows::RefundWorkerOptions refund_options(const settings::Tuning& tuning) {
  flows::RefundWorkerOptions options;
  options.policy = settings::policy();
  options.attempts = tuning.attempts;
  options.retry_first = settings::kRetryFirst;
  options.retry_max = settings::kRetryMax;
  return options;
}

flows::SettlementOptions settlement_options(const settings::Tuning& tuning) {
  flows::SettlementOptions options;
  options.attempts = tuning.attempts;
  options.batch_max = settings::kBatchMax;
  options.messages_max = settings::kBatchMax;
  options.retry_first = settings::kRetryFirst;
  options.retry_max = settings::kRetryMax;
  options.journal_retention = tuning.retention;
  options.policy = settings::policy();
  return options;
}

flows::SweepOptions sweep_options(const settings::Tuning& tuning) {
  flows::SweepOptions options;
  options.every = tuning.sweep_every;
  options.batch_max = settings::kBatchMax;
  options.policy = settings::policy();
  return options;
}

}  // namespace

Process::Process(Network& network, Servers& servers, Provider& provider,
                 const settings::Tuning& tuning, Links with, std::string name, std::uint32_t number,
                 Random random)
    : context(network.scheduler, number),
      tells_events(tuning.tells_events),
      ids(clock, random),
      links(std::move(with)),
      wire(std::make_shared<Wire>(network, context, std::move(name))),
      ledger(*wire, servers.ledger, links),
      book(*wire, servers.book, links),
      bus(*wire, servers.broker, links),
      gateway(*wire, servers.provider, provider),
      guard(ledger, book, clock, tuning.guard),
      plans(book, settings::plans(tuning.changes_plans)),
      writer(clock, ids, flows::EventWriter(settings::kEventSource, tuning.tells_events)),
      release(ledger, book, guard, tuning.retention),
      finisher(bus, clock, release),
      teller(book, bus, clock, writer.events()),
      publisher(ledger, bus, clock, ids, outbox_options()),
      repeats(book),
      admission({ledger, book, clock, ids, guard, publisher, repeats},
                plans_by_name(tuning.changes_plans), admission_options(tuning)),
      updates(book, ledger),
      waker(bus, ids),
      refunds({updates, book, clock, ids, writer, finisher, waker, repeats}, settings::policy()),
      refund_worker({ledger, book, bus, clock, ids, writer, finisher}, refund_options(tuning)),
      settlement({ledger, book, bus, clock, ids, guard, writer, release, teller},
                 settlement_options(tuning)),
      runner({book, bus, clock, ids, gateway, plans, writer, finisher},
             {settings::policy(), tuning.breaker_after, settings::kRetryFirst}),
      answers({book, bus, clock, ids, plans, writer, finisher}, settings::policy()),
      reports({updates, clock, writer, finisher}, settings::policy()),
      events(book, bus, clock, tuning.events_every),
      parked({ledger, book, bus, clock, ids, writer, finisher},
             {"holdfast", tuning.retention, settings::policy()}),
      desk({ledger, book, clock, ids, guard}),
      queries({ledger, book, clock}),
      reconciliation({ledger, book, bus, clock}),
      rebuild({ledger, book, bus, clock, ids}, {tuning.retention}),
      sweep({ledger, book, bus, clock, ids, guard, rebuild, desk, writer, finisher, release},
            sweep_options(tuning)) {
  clock.on_sleep = [this, &network](Milliseconds duration) {
    const auto now = network.scheduler.now();
    if (!network.faults.of_sleep(this->name(), duration, now)) return;
    network.scheduler.at(now + duration / 2, context,
                         make_task([this, &network] { network.die(this->name()); }));
  };
}

Process::~Process() {
  wire->cut();
  context.close();
}

void Process::start() {
  const auto run = [this](boost::asio::awaitable<void> task, const char* what) {
    async::spawn(context.executor(), std::move(task), name() + ": " + what);
  };
  run(guard.watch(), "the guard");
  run(publisher.run(), "the publisher");
  run(publisher.delete_confirmed(), "the publisher's deletes");
  run(publisher.expire_waiters(), "the publisher's clock");
  run(repeats.run(), "the lookup of repeats");
  run(updates.run(), "the updates of orders");
  run(waker.run(), "the waker of refunds");
  run(settlement.run(), "settlement");
  run(refund_worker.run(), "refunds");
  run(parked.record(), "the parked recorder");
  run(answers.run(), "answers");
  if (tells_events) run(events.run(), "the event relay");
  run(sweep.run(), "the sweep");
  run(run_steps(), "the start of the steps");
}

void Process::note_waits(Sites& sites) const {
  wire->note_waits(sites);
  for (const auto& site : clock.asleep()) sites.died_waiting(site);
}

boost::asio::awaitable<void> Process::run_steps() {
  for (auto loaded = co_await plans.load(); !loaded; loaded = co_await plans.load()) {
    co_await clock.sleep(flows::limits::kRetryLater);
  }
  for (auto& remote : plans.remote_steps()) {
    async::spawn(context.executor(), runner.run(std::move(remote)), name() + ": a step");
  }
}

}  // namespace holdfast::sim
