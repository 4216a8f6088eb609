#pragma once

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "domain/progress.h"
#include "flows/breaker.h"
#include "tests/stack/flow_fixture.h"
#include "tests/stack/other_side.h"

namespace holdfast::testing {

/// A shop whose orders have remote steps, and the other sides of those.
class StepTest : public FlowTest {
 protected:
  StepTest() { other_.serve(process_->gateway); }

  OrderId place_by(const std::string& plan, const std::string& user, const Lines& lines) {
    flows::PlaceCommand command;
    command.request = order_request(user, lines);
    command.request.plan = PlanName{plan};
    command.order_id = OrderId{process_->ids.next()};
    const auto answer = run(process_->admission.place(std::move(command)));
    if (answer.outcome != flows::PlaceOutcome::accepted) {
      throw std::runtime_error("an order was not accepted: " + answer.detail);
    }
    return answer.order_id;
  }
  /// An order in the book whose first remote step waits for its message, or its report.
  OrderId settled_by(const std::string& plan, const std::string& user = "u-1") {
    const auto id = place_by(plan, user, {{"A", 2}});
    settle();
    if (!outbox_empty()) throw std::runtime_error("the outbox has not become empty");
    faults().forget_calls();
    return id;
  }

  static QueueName queue_of(const std::string& plan, const std::string& name) {
    return queues::step(PlanName{plan}, StepName{name});
  }
  /// The next message about a step of this order; what is left of others is handled before it.
  Delivery take_of(OrderId id, const QueueName& queue) {
    for (;;) {
      auto deliveries = run(process_->bus.receive(queue, {1, Milliseconds{0}}));
      const auto wake = codec::step_from_message(deliveries.at(0).body);
      if (!wake || wake->action.order_id == id) return std::move(deliveries.front());
      step(handle(std::move(deliveries.front()), queue));
    }
  }
  Delivery take_one(const QueueName& queue) {
    auto deliveries = take(queue, 1);
    if (deliveries.size() != 1) throw std::runtime_error("more than one message came");
    return std::move(deliveries.front());
  }
  boost::asio::awaitable<void> handle(Delivery delivery, QueueName queue) {
    return process_->runner.handle(std::move(delivery), std::move(queue), breaker_);
  }
  /// The runner handles the next message of a step.
  void run_step(const std::string& plan, const std::string& name) {
    step(handle(take_one(queue_of(plan, name)), queue_of(plan, name)));
  }
  void run_step_of(OrderId id, const std::string& plan, const std::string& name) {
    step(handle(take_of(id, queue_of(plan, name)), queue_of(plan, name)));
  }
  /// A message that brings a step on, as a duplicate is.
  void wake_step(OrderId id, const std::string& plan, const std::string& name,
                 Direction direction = Direction::forward, const std::string& cause = "") {
    const auto standing = order(id).value();
    Dispatch dispatch{{id, StepName{name}, direction, cause},
                      PlanName{plan},
                      standing.plan_version,
                      Milliseconds{0}};
    publish(process_->writer.message_of(dispatch));
  }
  void publish(OutgoingMessage message) {
    std::vector<OutgoingMessage> messages;
    messages.push_back(std::move(message));
    done(process_->bus.publish(std::move(messages)));
  }

  Step step_of(OrderId id, const std::string& name) {
    const auto standing = order(id).value();
    const auto* found = find_step(standing, StepName{name});
    if (found == nullptr) throw std::runtime_error("no step " + name);
    return *found;
  }
  StepStatus step_status(OrderId id, const std::string& name) { return step_of(id, name).status; }
  Refund refund(RefundId id) { return done(process_->book.find_refund(id)).value(); }

  static flows::RefundCommand refund_command(OrderId order_id, WhenIncomplete policy,
                                             RefundId refund_id) {
    RefundRequest request;
    request.when_incomplete = policy;
    return {order_id, refund_id, std::move(request)};
  }
  RefundId ask(OrderId order_id, WhenIncomplete policy = WhenIncomplete::wait) {
    const RefundId id{process_->ids.next()};
    const auto answer = done(process_->refunds.request(refund_command(order_id, policy, id)));
    if (answer.outcome != RefundRequestOutcome::accepted) {
      throw std::runtime_error("a refund was not accepted");
    }
    return id;
  }
  ReportOutcome report(OrderId id, const std::string& name, bool succeeded,
                       const std::string& reference = "paid-1") {
    return done(process_->reports.report(id, StepName{name}, {succeeded, reference})).outcome;
  }
  void work_refunds(std::size_t wakes = 1) {
    step(process_->refund_worker.handle(take(queues::refunds, wakes)));
  }

  /// What a worker in another program answers to a message of its queue.
  OutgoingMessage answer_to(const Delivery& work, bool succeeded, const std::string& detail) {
    const auto asked = boost::json::parse(work.body).as_object();
    boost::json::object answer{{"order_id", asked.at("order_id")},
                               {"step", asked.at("step")},
                               {"direction", asked.at("direction")},
                               {"idempotency_key", work.headers.at("idempotency-key")},
                               {"outcome", succeeded ? "succeeded" : "failed"}};
    answer[succeeded ? "reference" : "error"] = detail;
    OutgoingMessage message;
    message.queue = queues::answers;
    message.id = MessageId{process_->ids.next()};
    message.body = boost::json::serialize(answer);
    return message;
  }
  static boost::asio::awaitable<void> work_for_ever(StepTest* self) {
    const auto queue = queues::work(StepName{"pack"});
    for (;;) {
      auto deliveries = co_await self->process_->bus.receive(queue, {64, Milliseconds{0}});
      if (deliveries.empty()) co_return;
      std::vector<OutgoingMessage> answers;
      for (const auto& delivery : deliveries) {
        const auto& key = delivery.headers.at("idempotency-key");
        const auto answer = self->other_.answer_of(key, delivery.body);
        const bool succeeded = answer.kind == StepAnswerKind::done;
        answers.push_back(
            self->answer_to(delivery, succeeded, answer.reference.value_or(answer.detail)));
      }
      static_cast<void>(co_await self->process_->bus.publish(std::move(answers)));
      static_cast<void>(co_await self->process_->bus.ack(queue, flows::tags_of(deliveries)));
    }
  }

  /// Another process takes over, and works by itself from here on.
  void take_over() {
    crash();
    other_.serve(process_->gateway);
    breaker_ = flows::Breaker(10);
    auto& p = *process_;
    const auto executor = p.loop->get_executor();
    async::spawn(executor, p.settlement.run(), "settlement");
    async::spawn(executor, p.refund_worker.run(), "refunds");
    async::spawn(executor, p.answers.run(), "answers");
    async::spawn(executor, work_for_ever(this), "a worker elsewhere");
    for (auto& remote : p.plans.remote_steps()) {
      async::spawn(executor, p.runner.run(std::move(remote)), "a step");
    }
  }
  /// It stops, and one that does nothing by itself takes its place.
  void stand_still() {
    crash();
    other_.serve(process_->gateway);
  }
  /// Nothing of the order is under way anywhere.
  bool is_at_rest(OrderId id) {
    const auto found = done(process_->book.find_order(id));
    if (!found || !is_final(found->order.status) || !found->order.stock_released) return false;
    const bool refunds_ended = std::all_of(
        found->refunds.begin(), found->refunds.end(),
        [](const Refund& refund) { return is_final(refund.status) && refund.stock_released; });
    const auto state = ledger_state();
    return refunds_ended && !found->order.next_check_at && state.unsettled == 0 &&
           state.outbox_length == 0;
  }
  /// Sweeps, as time goes by, until nothing of the order is under way.
  [[nodiscard]] bool comes_to_rest(OrderId id) {
    const auto until = std::chrono::steady_clock::now() + kDeadline;
    while (!is_at_rest(id)) {
      if (std::chrono::steady_clock::now() > until) return false;
      sweep_later(Milliseconds{2'000});
      for (int i = 0; i < 20; ++i) step(pause_1_ms());
    }
    return true;
  }

  /// Nothing was given back, taken or moved twice, over all orders of the test.
  void expect_effects_once() {
    EXPECT_THAT(other_.anomalies(), ::testing::IsEmpty());
    for (const auto* table : {"stock_journal", "points_journal"}) {
      const auto whose = std::string(table) == "stock_journal" ? "sku" : "user_id";
      EXPECT_EQ(
          stores_.ask_book("select count(*) from (select 1 from " + std::string(table) +
                           " group by cause_id, kind, " + whose + " having count(*) > 1) twice"),
          "0")
          << table;
    }
  }

  /// One run of a flow with one call gone wrong.
  struct Trial {
    std::function<OrderId()> prepare;
    std::function<boost::asio::awaitable<void>(OrderId)> act;
    /// What somebody outside does again after the process has died; may be unset.
    std::function<void(OrderId)> again;
    std::function<void(OrderId)> expect;  ///< of the order once it is at rest
  };
  /// `calls`: those that `act` makes to the ports when nothing goes wrong, in this order. Each goes
  /// wrong in each way, in a run of its own; then another process takes over.
  void with_every_fault(const std::vector<std::string>& calls, const Trial& trial) {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      for (const auto fault :
           {Fault::crash_before, Fault::crash_after, Fault::fail_before, Fault::fail_after}) {
        SCOPED_TRACE(calls[i] + " (call " + std::to_string(i) + "), fault " +
                     std::to_string(static_cast<int>(fault)));
        const auto id = trial.prepare();
        if (!outbox_empty()) throw std::runtime_error("the outbox has not become empty");
        faults().forget_calls();
        const auto before =
            std::count(calls.begin(), calls.begin() + static_cast<std::ptrdiff_t>(i), calls[i]);
        for (long skipped = 0; skipped < before; ++skipped) faults().next(calls[i], Fault::none);
        faults().next(calls[i], fault);
        bool died = false;
        try {
          step(trial.act(id));
        } catch (const Crash&) {
          died = true;
        }
        EXPECT_EQ(died, fault == Fault::crash_before || fault == Fault::crash_after);
        EXPECT_GE(faults().calls().size(), i + 1);
        for (std::size_t k = 0; k <= i && k < faults().calls().size(); ++k) {
          EXPECT_EQ(faults().calls()[k], calls[k]);  // the order of writing (I8)
        }
        take_over();
        if (trial.again && died) trial.again(id);
        ASSERT_TRUE(comes_to_rest(id));
        trial.expect(id);
        stand_still();
      }
    }
    expect_effects_once();
    expect_at_rest();
  }

  OtherSide other_;
  flows::Breaker breaker_{10};
};

}  // namespace holdfast::testing
