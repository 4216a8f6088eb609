#include "flows/step_answers.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "async/fault_point.h"
#include "domain/digest.h"
#include "flows/journaled_order.h"
#include "flows/limits.h"
#include "flows/outgoing.h"
#include "flows/step_runner.h"

namespace holdfast::flows {

boost::asio::awaitable<void> StepAnswers::run() {
  const BatchLimits limits{limits::kStepBatch, Milliseconds{0}};
  for (;;) {
    auto deliveries = co_await ports_.bus.receive(queues::answers, limits);
    if (deliveries.empty()) co_return;
    co_await handle(std::move(deliveries));
  }
}

boost::asio::awaitable<void> StepAnswers::handle(std::vector<Delivery> deliveries) {
  OrderWork work;
  auto generation = ports_.finisher.generation();
  for (const auto& delivery : deliveries) {
    auto answer = codec::worker_answer_from_message(delivery.body);
    if (answer) {
      co_await take(std::move(*answer), work);
      continue;
    }
    Parking parking;
    parking.queue = queues::answers;
    parking.reason = "undecodable";
    parking.subject = "answers:" + sha256_hex(delivery.body);
    parking.attempts = delivery.attempts + 1;
    parking.detail = "a worker's answer cannot be read: " + answer.error().detail;
    work.messages.push_back(parked_message(ports_.ids, ports_.clock.now(), parking, delivery.body));
  }
  co_await ports_.finisher.finish(std::move(work), std::move(generation));
  const auto acked = co_await ports_.bus.ack(queues::answers, tags_of(deliveries));
  if (!acked) spdlog::warn("ack of answers failed: {}", acked.error().detail);
}

boost::asio::awaitable<RetryPolicy> StepAnswers::retry_of(StepAction action) {
  for (;;) {
    auto order = co_await ports_.book.find_order(action.order_id);
    if (order && !*order) co_return RetryPolicy{};
    if (order) {
      const auto& pinned = (*order)->order;
      auto step = co_await ports_.plans.find(pinned.plan, pinned.plan_version, action.step);
      if (step) co_return *step ? (*step)->retry : RetryPolicy{};
    }
    spdlog::warn("an answer about order {} waits for PostgreSQL", action.order_id.to_string());
    co_await ports_.clock.sleep(limits::kServerAwayPause);
  }
}

boost::asio::awaitable<void> StepAnswers::take(codec::WorkerAnswer worker, OrderWork& work) {
  StepAnswer answer;
  answer.kind = worker.succeeded ? StepAnswerKind::done : StepAnswerKind::failed;
  answer.payment_declined = worker.payment_declined;
  answer.reference = std::move(worker.reference);
  answer.detail = worker.error.value_or(worker.succeeded ? "" : "the worker answered: failed");
  AnswerContext context;
  // Only a reverse is asked again after a no.
  const bool is_repeated = !worker.succeeded && worker.action.direction == Direction::reverse;
  if (is_repeated) context.retry = co_await retry_of(worker.action);
  OrderWork attempt;
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    attempt = OrderWork{};
    const auto now = ports_.clock.now();
    auto progress = decide_answer(aggregate, worker.action, answer, context, policy_, now);
    return ports_.writer.write(aggregate, std::move(progress), attempt);
  };
  const auto standing =
      co_await decide_on(ports_.book, ports_.clock, worker.action.order_id, decide);
  if (!standing) co_return;
  std::move(attempt.messages.begin(), attempt.messages.end(), std::back_inserter(work.messages));
  std::move(attempt.refunds.begin(), attempt.refunds.end(), std::back_inserter(work.refunds));
  std::move(attempt.cancelled.begin(), attempt.cancelled.end(), std::back_inserter(work.cancelled));
}

boost::asio::awaitable<Outcome<ReportAnswer>> StepReports::report(OrderId order_id, StepName step,
                                                                  StepReport report) {
  ReportAnswer answer;
  OrderWork work;
  auto generation = ports_.finisher.generation();
  const OrderDecision decide = [&](const OrderAggregate& aggregate) {
    work = OrderWork{};
    auto decision = decide_report(aggregate, step, report, policy_, ports_.clock.now());
    answer.outcome = decision.outcome;
    answer.aggregate = decision.progress.aggregate;
    return ports_.writer.write(aggregate, std::move(decision.progress), work);
  };
  const auto updated = co_await ports_.updates.update(order_id, decide);
  if (!updated) co_return tl::unexpected(updated.error());
  if (!*updated) {
    Failure failure;
    failure.kind = FailureKind::not_found;
    co_return tl::unexpected<Failure>(std::move(failure));
  }
  // Here the process may die: what is due of the order stands in its row.
  HF_FAULT_POINT("report_recorded_before_publish");
  co_await ports_.finisher.try_to_finish(std::move(work), std::move(generation));
  co_return answer;
}

}  // namespace holdfast::flows
