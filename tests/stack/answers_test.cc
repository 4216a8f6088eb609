#include <boost/asio/co_spawn.hpp>

#include "tests/stack/step_fixture.h"

// What others say of steps: workers in other programs by messages, outside parties by reports; and
// what becomes of a step of which nobody says anything.

namespace holdfast::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WorkerAnswersTest : public StepTest {
 protected:
  static QueueName pack() { return queue_of("worked", "pack"); }
  static QueueName work() { return queues::work(StepName{"pack"}); }

  /// An order whose step a worker has taken.
  OrderId handed_over() {
    const auto id = settled_by("worked");
    run_step_of(id, "worked", "pack");
    return id;
  }
  /// What the worker got for this order, older work thrown away.
  Delivery take_work(OrderId id) {
    for (;;) {
      auto one = run(process_->bus.receive(work(), {1, Milliseconds{0}}));
      done(process_->bus.ack(work(), {one.at(0).tag}));
      if (one.at(0).headers.at("idempotency-key").starts_with(id.to_string())) {
        return std::move(one.front());
      }
    }
  }
  void answer(const Delivery& work, bool succeeded, const std::string& detail) {
    publish(answer_to(work, succeeded, detail));
    step(process_->answers.handle(take(queues::answers, 1)));
  }
  /// The answer about this order, those about others handled before it.
  std::vector<Delivery> take_answer(OrderId id) {
    for (;;) {
      auto one = run(process_->bus.receive(queues::answers, {1, Milliseconds{0}}));
      const auto answer = codec::worker_answer_from_message(one.at(0).body);
      if (answer && answer->action.order_id == id) return one;
      step(process_->answers.handle(std::move(one)));
    }
  }
};

TEST_F(WorkerAnswersTest, BringTheOrderOn) {
  open_shop({{"A", 10}});
  const auto id = settled_by("worked");
  run_step("worked", "pack");
  EXPECT_THAT(faults().calls(),
              ElementsAre("book.update", "bus.publish", "book.update", "bus.ack"));
  EXPECT_EQ(step_status(id, "pack"), StepStatus::awaiting);
  EXPECT_THAT(process_->gateway.calls(), IsEmpty());
  const auto work = take_work(id);
  EXPECT_EQ(work.headers.at("idempotency-key"), id.to_string() + "/pack/forward");
  publish(answer_to(work, true, "box-1"));
  auto answers = take(queues::answers, 1);
  faults().forget_calls();
  step(process_->answers.handle(std::move(answers)));
  EXPECT_THAT(faults().calls(), ElementsAre("book.update", "bus.ack"));
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(step_of(id, "pack").reference, "box-1");
  answer(work, true, "box-2");  // it says so again
  answer(work, false, "no box");
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(step_of(id, "pack").reference, "box-1");
  expect_effects_once();
  expect_at_rest();
}

TEST_F(WorkerAnswersTest, SurviveEveryFaultOfHandingOver) {
  open_shop({{"A", 1000}});
  Trial trial;
  Delivery message;
  trial.prepare = [&] {
    const auto id = settled_by("worked");
    message = take_of(id, pack());
    return id;
  };
  trial.act = [&](OrderId) { return handle(message, pack()); };
  trial.expect = [&](OrderId id) {
    EXPECT_EQ(status(id), OrderStatus::completed);
    EXPECT_THAT(other_.effects_of(id.to_string()), ElementsAre("pack/forward"));
  };
  with_every_fault({"book.update", "bus.publish", "book.update", "bus.ack"}, trial);
}

TEST_F(WorkerAnswersTest, SurviveEveryFaultOfTheirRecording) {
  open_shop({{"A", 1000}});
  Trial trial;
  std::vector<Delivery> answers;
  trial.prepare = [&] {
    const auto id = handed_over();
    const auto work = take_work(id);
    const auto key = work.headers.at("idempotency-key");
    publish(answer_to(work, true, other_.answer_of(key, work.body).reference.value()));
    answers = take_answer(id);
    return id;
  };
  trial.act = [&](OrderId) { return process_->answers.handle(answers); };
  trial.expect = [&](OrderId id) {
    EXPECT_EQ(status(id), OrderStatus::completed);
    EXPECT_EQ(other_.calls(id.to_string() + "/pack/forward"), 1);
  };
  with_every_fault({"book.update", "bus.ack"}, trial);
}

TEST_F(WorkerAnswersTest, CountWhenTheyOvertakeTheHandingOver) {
  open_shop({{"A", 10}});
  const auto id = settled_by("worked");
  const auto other = another_process(process_->loop);
  auto message = take_one(pack());
  faults().hold("bus.publish");
  bool handled = false;
  boost::asio::co_spawn(*process_->loop, handle(std::move(message), pack()),
                        [&](std::exception_ptr thrown) { handled = !thrown; });
  ASSERT_TRUE(eventually([&] { return faults().count("bus.publish") == 1; }));
  faults().hold("book.update");  // what is to note that the worker has it
  faults().let_go("bus.publish");
  auto work_of_it = run(other->bus.receive(work(), {1, Milliseconds{0}}));
  std::vector<OutgoingMessage> answers;
  answers.push_back(answer_to(work_of_it.at(0), true, "box-1"));
  done(other->bus.publish(std::move(answers)));
  auto answered = run(other->bus.receive(queues::answers, {1, Milliseconds{0}}));
  step(other->answers.handle(std::move(answered)));
  EXPECT_EQ(status(id), OrderStatus::completed);
  faults().let_go("book.update");
  ASSERT_TRUE(eventually([&] { return handled; }));
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(step_status(id, "pack"), StepStatus::done);
  expect_at_rest();
}

TEST_F(WorkerAnswersTest, ThatNeverComeAreAskedForAgainUnderTheSameKey) {
  open_shop({{"A", 10}});
  const auto id = handed_over();
  const auto first = take_work(id);
  sweep_later(Milliseconds{5'000});
  run_step_of(id, "worked", "pack");
  const auto second = take_work(id);
  EXPECT_EQ(first.headers.at("idempotency-key"), second.headers.at("idempotency-key"));
  EXPECT_EQ(step_of(id, "pack").attempts, 2U);
  answer(first, true, "box-1");  // it was only slow
  EXPECT_EQ(status(id), OrderStatus::completed);
  expect_at_rest();
}

TEST_F(WorkerAnswersTest, ANoToAReverseIsAskedAgainAsOftenAsThePlanSays) {
  open_shop({{"A", 10}});
  const auto id = handed_over();
  answer(take_work(id), true, "box-1");
  const auto asked = ask(id);
  work_refunds();
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_THAT(parked(), IsEmpty());
    clock_.advance(Milliseconds{50});
    run_step_of(id, "worked", "pack");
    const auto work = take_work(id);
    EXPECT_EQ(work.headers.at("idempotency-key"),
              id.to_string() + "/pack/reverse/" + asked.to_string());
    answer(work, false, "the box is gone");
    const auto reversal = refund(asked).steps.at(0);
    EXPECT_EQ(reversal.attempts, attempt);
    if (reversal.next_at) {
      EXPECT_LE(*reversal.next_at - clock_.now(), Milliseconds{40});
    }
  }
  ASSERT_THAT(parked(), SizeIs(1));
  EXPECT_EQ(parked().at(0).refund_id, asked);
  EXPECT_EQ(refund(asked).status, RefundStatus::needs_attention);
  EXPECT_EQ(stock("A").returned, 0);
  EXPECT_EQ(done(process_->parked.retry({}, "a test")), 1U);
  run_step_of(id, "worked", "pack");
  answer(take_work(id), true, "unpacked");
  EXPECT_EQ(refund(asked).status, RefundStatus::refunded);
  EXPECT_THAT(parked(), IsEmpty());
  EXPECT_EQ(available("A"), 10);
  expect_effects_once();
  expect_at_rest();
}

TEST_F(WorkerAnswersTest, ThatCannotBeReadAreParked) {
  open_shop({{"A", 10}});
  const auto id = handed_over();
  OutgoingMessage garbage = answer_to(take_work(id), true, "box-1");
  garbage.body = R"({"order_id":"no id"})";
  publish(std::move(garbage));
  step(process_->answers.handle(take(queues::answers, 1)));
  ASSERT_TRUE(record_parked(1));
  EXPECT_EQ(parked().at(0).queue, queues::answers);
  EXPECT_EQ(parked().at(0).reason, "undecodable");
  EXPECT_EQ(step_status(id, "pack"), StepStatus::awaiting);
}

class ReportsTest : public StepTest {
 protected:
  /// As an outside party reports: again until it is answered.
  boost::asio::awaitable<void> insist(OrderId id, bool succeeded) {
    const StepName name{"buyer_pays"};
    const StepReport said{succeeded, "paid-1"};
    for (int i = 0; i < 5; ++i) {
      const auto answer = co_await process_->reports.report(id, name, said);
      if (answer) co_return;
    }
    throw std::runtime_error("a report was not answered");
  }
};

TEST_F(ReportsTest, OfASuccessCompletesTheOrderOnce) {
  open_shop({{"A", 10}});
  const auto id = place_by("awaited", "u-1", {{"A", 2}});
  EXPECT_EQ(report(id, "buyer_pays", true),
            ReportOutcome::not_awaiting);  // the journal has it only
  settle();
  EXPECT_EQ(step_status(id, "buyer_pays"), StepStatus::awaiting);
  EXPECT_EQ(report(id, "no_such_step", true), ReportOutcome::unknown_step);
  EXPECT_EQ(report(id, "stock", true), ReportOutcome::not_awaiting);
  EXPECT_EQ(report(id, "buyer_pays", true), ReportOutcome::recorded);
  EXPECT_EQ(report(id, "buyer_pays", true), ReportOutcome::repeated);
  EXPECT_EQ(report(id, "buyer_pays", false), ReportOutcome::not_awaiting);
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(step_of(id, "buyer_pays").reference, "paid-1");
  expect_at_rest();
}

TEST_F(ReportsTest, OfAFailureSurviveEveryFault) {
  open_shop({{"A", 1000}});
  Trial trial;
  trial.prepare = [&] { return settled_by("awaited"); };
  trial.act = [&](OrderId id) { return insist(id, false); };
  trial.again = [&](OrderId id) { step(insist(id, false)); };
  trial.expect = [&](OrderId id) {
    EXPECT_EQ(status(id), OrderStatus::cancelled);
    EXPECT_EQ(order(id)->reason, CancelReason::step_failed);
    EXPECT_EQ(available("A"), 1000);
  };
  with_every_fault({"book.update", "ledger.give_back", "book.mark_orders_released"}, trial);
}

TEST_F(ReportsTest, ADeadlineSurvivesEveryFaultOfTheSweep) {
  open_shop({{"A", 1000}});
  Trial trial;
  trial.prepare = [&] {
    const auto id = settled_by("awaited");
    clock_.advance(Milliseconds{60'000});
    return id;
  };
  trial.act = [&](OrderId) { return process_->sweep.sweep_once(); };
  trial.expect = [&](OrderId id) {
    EXPECT_EQ(status(id), OrderStatus::cancelled);
    EXPECT_EQ(order(id)->reason, CancelReason::timed_out);
    EXPECT_EQ(available("A"), 1000);
  };
  with_every_fault({"book.update", "ledger.give_back", "book.mark_orders_released"}, trial);
}

TEST_F(ReportsTest, TogetherWithTheDeadlineTheFirstOneCounts) {
  open_shop({{"A", 100}});
  for (const bool sweep_first : {false, true}) {
    const auto id = settled_by("awaited");
    clock_.advance(step_of(id, "buyer_pays").next_at.value() - clock_.now() - Milliseconds{1});
    if (sweep_first) sweep_later(Milliseconds{1});
    const auto outcome = report(id, "buyer_pays", true);
    if (!sweep_first) sweep_later(Milliseconds{1});
    EXPECT_EQ(outcome, sweep_first ? ReportOutcome::given_back : ReportOutcome::recorded);
    EXPECT_EQ(status(id), sweep_first ? OrderStatus::cancelled : OrderStatus::completed);
    if (sweep_first) run_step_of(id, "awaited", "buyer_pays");
  }
  EXPECT_EQ(available("A"), 98);
  expect_at_rest();
}

TEST_F(ReportsTest, ThatComeTooLateAreGivenBackOnceInACallOfReasonableLength) {
  open_shop({{"A", 10}});
  const auto id = settled_by("awaited");
  // Nobody has looked at it since its time has passed.
  clock_.advance(Milliseconds{60'000});
  EXPECT_EQ(report(id, "buyer_pays", true), ReportOutcome::given_back);
  EXPECT_EQ(report(id, "buyer_pays", true), ReportOutcome::repeated);
  run_step("awaited", "buyer_pays");
  wake_step(id, "awaited", "buyer_pays", Direction::reverse, std::string(kCauseLate));
  run_step("awaited", "buyer_pays");
  const auto calls = process_->gateway.calls("buyer_pays", Direction::reverse);
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].idempotency_key, id.to_string() + "/buyer_pays/reverse/late");
  // Not as long as a buyer is waited for: the call holds a message and a slot.
  EXPECT_EQ(calls[0].timeout, flows::limits::kReverseOfAwaitTimeout);
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  EXPECT_EQ(available("A"), 10);
  expect_at_rest();
}

}  // namespace
}  // namespace holdfast::testing
