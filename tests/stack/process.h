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
#include "flows/stock_desk.h"
#include "flows/sweep.h"
#include "tests/stack/faulty_ports.h"
#include "tests/stack/scratch_stores.h"

namespace holdfast::testing {

/// Delays that the flows of these tests use.
inline constexpr Milliseconds kDelay{100};
inline constexpr Milliseconds kRetention{3'600'000};

inline std::vector<rabbitmq::WaitQueue> waits_of_tests() {
  return {{queues::orders, kDelay},
          {queues::refunds, kDelay},
          {queues::orders, flows::limits::kRetryLater}};
}

struct ProcessOptions {
  flows::AckPolicy ack = flows::AckPolicy::reserved;
  std::uint32_t attempts = 1;  ///< of what the book refuses, before it is parked
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
        publisher(ledger, bus, clock, ids, {}),
        admission({ledger, book, clock, ids, guard, publisher, repeats}, plans(),
                  admission_options(options)),
        refunds({ledger, book, bus, clock, ids}, policy()),
        refund_worker({ledger, book, bus, clock, ids}, worker_options(options)),
        settlement({ledger, book, bus, clock, ids, guard}, settlement_options(options)),
        parked({ledger, book, bus, clock, ids}, {"holdfast", kRetention}),
        desk({ledger, book, clock, ids}),
        rebuild({ledger, book, bus, clock, ids}, {kRetention}),
        reconciliation({ledger, book, bus, clock}),
        sweep({ledger, book, bus, clock, ids, guard, rebuild, refund_worker, desk}, {}) {
    redis.start();
    postgres.start();
    rabbit.start();
    async::spawn(loop->get_executor(), publisher.run(), "the publisher");
    async::spawn(loop->get_executor(), repeats.run(), "the lookup of repeats");
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
    return made;
  }
  static flows::SettlementOptions settlement_options(const ProcessOptions& options) {
    flows::SettlementOptions made;
    made.attempts = options.attempts;
    made.retry_first = kDelay;
    made.retry_max = kDelay;
    made.journal_retention = kRetention;
    return made;
  }
  static RefundPolicy policy() { return {kDelay, std::chrono::minutes{15}}; }
  static flows::RefundWorkerOptions worker_options(const ProcessOptions& options) {
    return {policy(), options.attempts, kDelay, kDelay};
  }
  static std::map<std::string, Plan> plans() { return {{"default", default_plan()}}; }
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
  flows::Refunds refunds;
  flows::RefundWorker refund_worker;
  flows::SettlementFlow settlement;
  flows::ParkedDesk parked;
  flows::StockDesk desk;
  flows::Rebuild rebuild;
  flows::Reconciliation reconciliation;
  flows::Sweep sweep;
};

}  // namespace holdfast::testing
