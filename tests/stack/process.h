#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "adapters/postgres/postgres_order_book.h"
#include "adapters/rabbitmq/rabbit_message_bus.h"
#include "adapters/redis/redis_stock_ledger.h"
#include "app/system_clock.h"
#include "async/spawn.h"
#include "flows/admission.h"
#include "flows/delays.h"
#include "flows/event_relay.h"
#include "flows/event_teller.h"
#include "flows/ledger_guard.h"
#include "flows/limits.h"
#include "flows/outbox_publisher.h"
#include "flows/parked_desk.h"
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
#include "tests/stack/faulty_ports.h"
#include "tests/stack/plans_of_tests.h"
#include "tests/stack/scratch_stores.h"
#include "tests/support/scripted_gateway.h"

namespace holdfast::testing {

/// Delays that the flows of these tests use.
inline constexpr Milliseconds kDelay{100};
inline constexpr Milliseconds kRetention{3'600'000};
inline constexpr Milliseconds kMaxWait{900'000};

/// Every delay by which an order or a refund may come in these tests.
inline std::vector<rabbitmq::WaitQueue> waits_of_tests() {
  return {{queues::orders, kDelay}, {queues::refunds, kDelay}};
}
/// Likewise a message to a step's queue. Declaring them all takes longer than most tests.
inline std::vector<rabbitmq::WaitQueue> step_waits_of_tests() {
  std::vector<rabbitmq::WaitQueue> waits;
  for (const auto& queue : step_queues_of_tests()) {
    for (const auto rung : flows::kStepRungs) waits.push_back({queue, rung});
  }
  return waits;
}

struct ProcessOptions {
  flows::AckPolicy ack = flows::AckPolicy::reserved;
  std::uint32_t attempts = 1;  ///< of what the book refuses, before it is parked
  std::size_t max_in_flight = 500;
};

/// All flows over connections of their own, as one process has them. Nothing runs by itself but
/// what answers a placed order: tests take messages and hand them to the flows. Destroying it is
/// the process's death: what it had not acknowledged is delivered again.
class Process {
 public:
  using Loop = std::shared_ptr<boost::asio::io_context>;

  Process(ScratchStores& stores, TestClock& test_clock, ProcessOptions options, Loop shared)
      : loop(std::move(shared)),
        clock(test_clock),
        redis(loop->get_executor(), stores.redis_options()),
        postgres(loop->get_executor(), postgres_options(stores)),
        rabbit(loop->get_executor(), stores.rabbit),
        publisher(ledger, bus, clock, ids, outbox_options()),
        admission({ledger, book, clock, ids, guard, publisher, repeats}, plans_by_name(),
                  admission_options(options)),
        plans(book, plans_of_tests()),
        refunds({updates, book, clock, ids, writer, finisher, waker, repeats}, policy()),
        refund_worker({ledger, book, bus, clock, ids, writer, finisher}, worker_options(options)),
        settlement({ledger, book, bus, clock, ids, guard, writer, release, teller},
                   settlement_options(options)),
        runner({book, bus, clock, ids, gateway, plans, writer, finisher}, {policy(), 10, kDelay}),
        answers({book, bus, clock, ids, plans, writer, finisher}, policy()),
        reports({updates, clock, writer, finisher}, policy()),
        events(book, bus, clock),
        parked({ledger, book, bus, clock, ids, writer, finisher},
               {"holdfast", kRetention, policy()}),
        desk({ledger, book, clock, ids, guard}),
        rebuild({ledger, book, bus, clock, ids}, {kRetention}),
        reconciliation({ledger, book, bus, clock}),
        sweep({ledger, book, bus, clock, ids, guard, rebuild, desk, writer, finisher, release},
              sweep_options()) {
    redis.start();
    postgres.start();
    rabbit.start();
    async::spawn(loop->get_executor(), publisher.run(), "the publisher");
    async::spawn(loop->get_executor(), publisher.delete_confirmed(), "the publisher's deletes");
    async::spawn(loop->get_executor(), repeats.run(), "the lookup of repeats");
    async::spawn(loop->get_executor(), updates.run(), "the updates of orders");
    async::spawn(loop->get_executor(), waker.run(), "the waker of refunds");
    if (options.ack == flows::AckPolicy::queued) {
      async::spawn(loop->get_executor(), publisher.expire_waiters(), "the publisher's clock");
    }
    const bool connected = run_until(
        *loop, [&] { return redis.connected() && postgres.connected() && rabbit.connected(); });
    if (!connected) {
      throw std::runtime_error("not connected to" + std::string(redis.connected() ? "" : " Redis") +
                               (postgres.connected() ? "" : " PostgreSQL") +
                               (rabbit.connected() ? "" : " RabbitMQ") + ": " + redis.last_error() +
                               rabbit.last_error());
    }
  }
  ~Process() {
    rabbit.stop();
    postgres.stop();
    redis.stop();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  static flows::AdmissionOptions admission_options(const ProcessOptions& options) {
    flows::AdmissionOptions made;
    made.ack = options.ack;
    made.max_in_flight = options.max_in_flight;
    return made;
  }
  /// The tests' clock runs ahead with every sleep: what they do in between must not be too late.
  static flows::OutboxOptions outbox_options() {
    flows::OutboxOptions options;
    options.ack_timeout = std::chrono::seconds{30};
    return options;
  }
  static flows::SettlementOptions settlement_options(const ProcessOptions& options) {
    flows::SettlementOptions made;
    made.attempts = options.attempts;
    made.retry_first = kDelay;
    made.retry_max = kDelay;
    made.journal_retention = kRetention;
    made.policy = policy();
    return made;
  }
  static StepPolicy policy() {
    StepPolicy policy;
    policy.refund = {kDelay, kMaxWait};
    return policy;
  }
  static flows::SweepOptions sweep_options() {
    flows::SweepOptions options;
    options.policy = policy();
    return options;
  }
  static flows::RefundWorkerOptions worker_options(const ProcessOptions& options) {
    return {policy(), options.attempts, kDelay, kDelay};
  }
  static std::map<std::string, Plan> plans_by_name() {
    std::map<std::string, Plan> plans;
    for (auto& plan : plans_of_tests()) plans.emplace(plan.name.value, plan);
    return plans;
  }
  static PostgresOptions postgres_options(const ScratchStores& stores) {
    PostgresOptions options;
    options.url = stores.database_url();
    options.connections = 2;
    return options;
  }

  Loop loop;
  TestClock& clock;
  Faults faults;
  app::SystemIds ids;
  redis::RedisStockLedger redis;
  PostgresOrderBook postgres;
  rabbitmq::RabbitMessageBus rabbit;
  FaultyLedger ledger{redis, faults};
  FaultyBook book{postgres, faults};
  FaultyBus bus{rabbit, faults};
  flows::LedgerGuard guard{ledger, book, clock};
  flows::OutboxPublisher publisher;
  flows::RepeatLookup repeats{book};
  flows::Admission admission;
  ScriptedGateway gateway{loop->get_executor()};
  flows::PlanBook plans;
  flows::OrderWriter writer{clock, ids, flows::EventWriter("/holdfast/tests", true)};
  flows::StockRelease release{ledger, book, guard, kRetention};
  flows::OrderFinisher finisher{bus, clock, release};
  flows::EventTeller teller{book, bus, clock, writer.events()};
  flows::OrderUpdates updates{book, ledger};
  flows::RefundWaker waker{bus, ids};
  flows::Refunds refunds;
  flows::RefundWorker refund_worker;
  flows::SettlementFlow settlement;
  flows::StepRunner runner;
  flows::StepAnswers answers;
  flows::StepReports reports;
  flows::EventRelay events;
  flows::ParkedDesk parked;
  flows::StockDesk desk;
  flows::Rebuild rebuild;
  flows::Reconciliation reconciliation;
  flows::Sweep sweep;
};

}  // namespace holdfast::testing
