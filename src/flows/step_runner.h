#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/completion.h"
#include "codec/messages.h"
#include "domain/decide_step.h"
#include "flows/breaker.h"
#include "flows/order_work.h"
#include "flows/outgoing.h"
#include "flows/plan_book.h"
#include "flows/stock_release.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/step_gateway.h"

namespace holdfast::flows {

struct StepRunnerOptions {
  StepPolicy policy;
  std::uint32_t breaker_after = 10;   ///< failures in a row that open a step's breaker
  Milliseconds breaker_pause{1'000};  ///< between two calls while it is open
};

/// Carries out remote steps, forward and in reverse. The order of writing is: the attempt in the
/// book, the call, its outcome in the book, the messages that follow from it confirmed, broker ack.
/// A crash before the outcome is written repeats the call under the same key once the attempt's
/// lease is over. One per worker loop.
class StepRunner {
 public:
  struct Ports {
    OrderBook& book;
    MessageBus& bus;
    Clock& clock;
    Ids& ids;
    StepGateway& gateway;
    PlanBook& plans;
    const OrderWriter& writer;
    OrderFinisher& finisher;
  };
  StepRunner(Ports ports, StepRunnerOptions options);
  ~StepRunner();
  StepRunner(const StepRunner&) = delete;
  StepRunner& operator=(const StepRunner&) = delete;

  /// Works on one step's queue until the bus stops. Run it once for each.
  boost::asio::awaitable<void> run(RemoteStep remote);
  /// Handles one message of a step's queue, to its ack. For `run` and for tests.
  boost::asio::awaitable<void> handle(Delivery delivery, QueueName queue, Breaker& breaker);

  /// Counters, readable from any thread.
  [[nodiscard]] std::uint64_t call_count() const { return calls_; }
  [[nodiscard]] std::uint64_t failure_count() const { return failures_; }
  [[nodiscard]] std::uint64_t open_breakers() const { return open_breakers_; }

 private:
  struct Lane;
  struct Begun {
    BeginOutcome outcome = BeginOutcome::nothing;
    Instant not_before;
    std::uint32_t attempt = 0;
    OrderAggregate aggregate;
  };

  boost::asio::awaitable<void> work(Lane& lane, Delivery delivery);
  boost::asio::awaitable<void> handle_wake(codec::StepWake wake, bool retried, QueueName queue,
                                           Breaker& breaker);
  boost::asio::awaitable<Begun> begin(StepAction action, PlanStep step, bool retried);
  boost::asio::awaitable<StepAnswer> call(OrderAggregate aggregate, StepAction action,
                                          PlanStep step);
  boost::asio::awaitable<StepAnswer> hand_to_worker(StepCall call, StepName step);
  boost::asio::awaitable<void> record(StepAction action, StepAnswer answer, AnswerContext context);
  boost::asio::awaitable<std::optional<PlanStep>> step_of(codec::StepWake wake);
  boost::asio::awaitable<void> send_on(codec::StepWake wake, Instant not_before, QueueName queue);
  boost::asio::awaitable<void> park(Parking parking, std::string body);
  double jitter();

  Ports ports_;
  StepRunnerOptions options_;
  /// What waits for a lane is woken by it: a coroutine that owned it would own itself.
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<std::uint64_t> failures_ = 0;
  std::atomic<std::uint64_t> open_breakers_ = 0;
};

/// Applies one decision to one order of the book, again and again while PostgreSQL is away, and
/// returns the order as it stands afterwards; unset: the book has it not, or refuses what was
/// decided (which is logged, and which the lease of an attempt brings up again).
boost::asio::awaitable<std::optional<OrderAggregate>> decide_on(OrderBook& book, Clock& clock,
                                                                OrderId order_id,
                                                                OrderDecision decide);

}  // namespace holdfast::flows
