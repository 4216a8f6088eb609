#include "flows/step_runner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "async/fault_point.h"
#include "async/spawn.h"
#include "codec/step_body.h"
#include "domain/assert.h"
#include "domain/defects.h"
#include "domain/digest.h"
#include "flows/delays.h"
#include "flows/limits.h"
#include "flows/outgoing.h"

namespace holdfast::flows {

namespace {

/// How long a call may take; a step of kind `amqp` has none, its answer comes by itself.
Milliseconds call_time(const PlanStep& step) {
  switch (step.kind) {
    case StepKind::http: return step.timeout;
    case StepKind::await: return limits::kReverseOfAwaitTimeout;
    case StepKind::amqp:
    case StepKind::stock:
    case StepKind::points: return Milliseconds{0};
  }
  HF_UNREACHABLE("no known step kind");
}

}  // namespace

/// One step's queue: what of it is under way, and how its other side has been doing.
struct StepRunner::Lane {
  Lane(RemoteStep of, std::uint32_t breaker_after)
      : queue(queues::step(of.plan, of.step.name)),
        concurrency(of.step.concurrency),
        breaker(breaker_after) {}

  [[nodiscard]] std::size_t limit() const { return breaker.is_open() ? 1 : concurrency; }

  QueueName queue;
  std::size_t concurrency;
  Breaker breaker;
  std::size_t in_flight = 0;
  async::Signal freed;
  bool said_open = false;
  std::uint64_t paused_for = 0;  // the failure that was last paused for
};

StepRunner::StepRunner(Ports ports, StepRunnerOptions options) : ports_(ports), options_(options) {}

StepRunner::~StepRunner() = default;

boost::asio::awaitable<std::optional<OrderAggregate>> decide_on(OrderBook& book, Clock& clock,
                                                                OrderId order_id,
                                                                OrderDecision decide) {
  for (;;) {
    std::vector<OrderRef> refs(1);
    refs[0].order_id = order_id;
    auto updated = co_await book.update(std::move(refs), decide);
    if (updated) {
      if (updated->empty()) {
        spdlog::warn("a message names order {}, which the book has not", order_id.to_string());
        co_return std::nullopt;
      }
      co_return std::move(updated->front());
    }
    if (updated.error().kind == PortErrorKind::constraint) {
      spdlog::error("the book refuses a change of order {}: {}", order_id.to_string(),
                    updated.error().detail);
      co_return std::nullopt;
    }
    spdlog::warn("a step of order {} waits for PostgreSQL: {}", order_id.to_string(),
                 updated.error().detail);
    co_await clock.sleep(limits::kServerAwayPause);
  }
}

boost::asio::awaitable<void> StepRunner::run(RemoteStep remote) {
  lanes_.push_back(std::make_unique<Lane>(std::move(remote), options_.breaker_after));
  Lane* const lane = lanes_.back().get();
  const auto executor = co_await boost::asio::this_coro::executor;
  for (;;) {
    while (lane->in_flight >= lane->limit()) {
      co_await lane->freed.wait();
    }
    if (lane->breaker.is_open() != lane->said_open) {
      lane->said_open = lane->breaker.is_open();
      open_breakers_ += lane->said_open ? 1U : ~std::uint64_t{0};
      spdlog::warn("{}: {}", lane->queue.value,
                   lane->said_open ? "its other side fails; it is asked one order at a time"
                                   : "its other side answers again");
    }
    // A message that was only passed on has asked nobody anything.
    if (lane->breaker.is_open() && lane->breaker.failures() != lane->paused_for) {
      lane->paused_for = lane->breaker.failures();
      co_await ports_.clock.sleep(options_.breaker_pause);
    }
    const BatchLimits limits{std::min(lane->limit() - lane->in_flight, limits::kStepBatch),
                             Milliseconds{0}};
    auto deliveries = co_await ports_.bus.receive(lane->queue, limits);
    if (deliveries.empty()) co_return;
    for (auto& delivery : deliveries) {
      lane->in_flight += 1;
      async::spawn(executor, work(*lane, std::move(delivery)), lane->queue.value);
    }
  }
}

boost::asio::awaitable<void> StepRunner::work(Lane& lane, Delivery delivery) {
  co_await handle(std::move(delivery), lane.queue, lane.breaker);
  lane.in_flight -= 1;
  lane.freed.raise();
}

boost::asio::awaitable<void> StepRunner::handle(Delivery delivery, QueueName queue,
                                                Breaker& breaker) {
  const std::vector<std::uint64_t> tags{delivery.tag};
  auto wake = codec::step_from_message(delivery.body);
  if (!wake) {
    Parking parking;
    parking.queue = queue;
    parking.reason = "undecodable";
    parking.subject = queue.value + ":" + sha256_hex(delivery.body);
    parking.attempts = delivery.attempts + 1;
    parking.detail = "the message is not one of Holdfast's: " + wake.error().detail;
    co_await park(std::move(parking), std::move(delivery.body));
  } else {
    const auto later = not_before(delivery);
    if (later && *later > ports_.clock.now() + limits::kEarlyEnough) {
      co_await send_on(std::move(*wake), *later, queue);
    } else {
      co_await handle_wake(std::move(*wake), delivery.headers.contains(kRetryHeader), queue,
                           breaker);
    }
  }
  const auto acked = co_await ports_.bus.ack(queue, tags);
  if (!acked) spdlog::warn("ack of {} failed: {}", queue.value, acked.error().detail);
}

boost::asio::awaitable<void> StepRunner::handle_wake(codec::StepWake wake, bool retried,
                                                     QueueName queue, Breaker& breaker) {
  const auto found = co_await step_of(wake);
  if (!found) {
    Parking parking;
    parking.queue = std::move(queue);
    parking.reason = "unknown_plan";
    parking.subject = parked_subject(wake.action);
    parking.order_id = wake.action.order_id;
    parking.refund_id = wake.action.refund_id();
    parking.detail = "the book has no plan " + wake.plan.value + " version " + wake.plan_version +
                     " with a step " + wake.action.step.value;
    co_await park(std::move(parking), codec::step_message(wake));
    co_return;
  }
  const PlanStep& step = *found;
  auto begun = co_await begin(wake.action, step, retried);
  if (begun.outcome == BeginOutcome::nothing) co_return;
  if (begun.outcome == BeginOutcome::later) {
    co_await send_on(std::move(wake), begun.not_before, queue);
    co_return;
  }
  // Here the process may die: the attempt stands in the book and is repeated under its key once
  // its lease is over.
  HF_FAULT_POINT("step_begun_before_call");
  ++calls_;
  auto answer = co_await call(std::move(begun.aggregate), wake.action, step);
  HF_FAULT_POINT("step_called_before_record");
  if (answer.kind == StepAnswerKind::unknown) {
    ++failures_;
    breaker.failed(wake.action.order_id);
  } else {
    breaker.succeeded();
  }
  AnswerContext context;
  context.attempt = begun.attempt;
  context.retry = step.retry;
  context.report_timeout = step.kind == StepKind::amqp ? step.timeout : step.report_timeout;
  context.jitter = jitter();
  context.forgiven = breaker.forgives();
  co_await record(std::move(wake.action), std::move(answer), context);
}

boost::asio::awaitable<std::optional<PlanStep>> StepRunner::step_of(codec::StepWake wake) {
  for (;;) {
    auto found = co_await ports_.plans.find(wake.plan, wake.plan_version, wake.action.step);
    if (found) co_return std::move(*found);
    spdlog::warn("step {} of plan {} waits for PostgreSQL: {}", wake.action.step.value,
                 wake.plan.value, found.error().detail);
    co_await ports_.clock.sleep(limits::kServerAwayPause);
  }
}

boost::asio::awaitable<StepRunner::Begun> StepRunner::begin(StepAction action, PlanStep step,
                                                            bool retried) {
  // An answer of the other side is recorded long before its lease is over.
  const BeginContext context{step.retry, call_time(step) + limits::kLeaseSlack, retried};
  Begun begun;
  OrderWork work;
  auto generation = ports_.finisher.generation();
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    work = OrderWork{};
    auto decision = decide_begin(aggregate, action, context, options_.policy, ports_.clock.now());
    begun.outcome = decision.outcome;
    begun.not_before = decision.not_before;
    begun.attempt = decision.attempt;
    return ports_.writer.write(aggregate, std::move(decision.progress), work);
  };
  auto standing = co_await decide_on(ports_.book, ports_.clock, action.order_id, decide);
  if (!standing) {
    begun.outcome = BeginOutcome::nothing;
    co_return begun;
  }
  begun.aggregate = std::move(*standing);
  co_await ports_.finisher.finish(std::move(work), std::move(generation));
  co_return begun;
}

boost::asio::awaitable<StepAnswer> StepRunner::call(OrderAggregate aggregate, StepAction action,
                                                    PlanStep step) {
  StepCall call;
  call.url = action.direction == Direction::forward ? step.forward_url : step.reverse_url;
  call.idempotency_key = action.idempotency_key();
  if (HF_DEFECT(new_key_each_attempt)) call.idempotency_key += "/" + ports_.ids.next().to_string();
  call.body = codec::step_body(aggregate, action);
  call.secret = step.webhook_secret;
  call.timeout = call_time(step);
  // The lane keeps to the step's own limit; a call that waited here, too, could outlive its lease.
  call.concurrency = limits::kCallsOfOneAddress;
  if (step.kind == StepKind::amqp) {
    co_return co_await hand_to_worker(std::move(call), step.name);
  }
  auto answer = co_await ports_.gateway.call(std::move(call));
  // Nobody can report a reverse: until it is confirmed it is asked again.
  if (action.direction == Direction::reverse && answer.kind == StepAnswerKind::awaiting) {
    answer.kind = StepAnswerKind::unknown;
  }
  co_return answer;
}

boost::asio::awaitable<StepAnswer> StepRunner::hand_to_worker(StepCall call, StepName step) {
  std::vector<OutgoingMessage> messages(1);
  messages[0].queue = queues::work(step);
  messages[0].id = MessageId{ports_.ids.next()};
  messages[0].body = std::move(call.body);
  messages[0].headers["idempotency-key"] = std::move(call.idempotency_key);
  const auto published = co_await ports_.bus.publish(std::move(messages));
  StepAnswer answer;
  answer.kind = published ? StepAnswerKind::awaiting : StepAnswerKind::unknown;
  if (!published) answer.detail = "not handed to a worker: " + published.error().detail;
  co_return answer;
}

boost::asio::awaitable<void> StepRunner::record(StepAction action, StepAnswer answer,
                                                AnswerContext context) {
  OrderWork work;
  auto generation = ports_.finisher.generation();
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    work = OrderWork{};
    auto progress =
        decide_answer(aggregate, action, answer, context, options_.policy, ports_.clock.now());
    return ports_.writer.write(aggregate, std::move(progress), work);
  };
  const auto standing = co_await decide_on(ports_.book, ports_.clock, action.order_id, decide);
  if (!standing) co_return;
  HF_FAULT_POINT("step_recorded_before_publish");
  co_await ports_.finisher.finish(std::move(work), std::move(generation));
}

boost::asio::awaitable<void> StepRunner::send_on(codec::StepWake wake, Instant not_before,
                                                 QueueName queue) {
  std::vector<OutgoingMessage> messages(1);
  messages[0].queue = std::move(queue);
  messages[0].id = MessageId{ports_.ids.next()};
  messages[0].body = codec::step_message(wake);
  delay_until(messages[0], not_before, ports_.clock.now());
  co_await publish_until_confirmed(ports_.bus, ports_.clock, std::move(messages));
}

boost::asio::awaitable<void> StepRunner::park(Parking parking, std::string body) {
  std::vector<OutgoingMessage> messages;
  messages.push_back(parked_message(ports_.ids, ports_.clock.now(), parking, std::move(body)));
  co_await publish_until_confirmed(ports_.bus, ports_.clock, std::move(messages));
}

double StepRunner::jitter() {
  // The low bits of a new id are random.
  const Uuid random = ports_.ids.next();
  std::uint32_t bits = 0;
  for (std::size_t i = 12; i < 16; ++i) bits = (bits << 8U) | random.bytes[i];
  return static_cast<double>(bits) / 4294967295.0;
}

}  // namespace holdfast::flows
