#include "tests/stack/step_fixture.h"

// Remote steps forward: begun, called, recorded, brought on, repeated under their key.

namespace holdfast::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StepsTest : public StepTest {
 protected:
  void expect_shipped(OrderId id) {
    EXPECT_EQ(status(id), OrderStatus::completed);
    EXPECT_THAT(other_.effects_of(id.to_string()),
                ElementsAre("parcel/forward", "payment/forward"));
    EXPECT_EQ(step_of(id, "payment").reference, "ref-payment");
  }
};

TEST_F(StepsTest, BeginsCallsRecordsAndBringsOnWhatIsReady) {
  open_shop({{"A", 10}});
  const auto id = settled_by("shipped");
  EXPECT_EQ(status(id), OrderStatus::processing);
  EXPECT_EQ(step_status(id, "stock"), StepStatus::done);
  EXPECT_EQ(step_status(id, "payment"), StepStatus::pending);
  const auto held = process_->gateway.hold("payment", Direction::forward);
  auto message = take_one(queue_of("shipped", "payment"));
  bool handled = false;
  boost::asio::co_spawn(*process_->loop, handle(std::move(message), queue_of("shipped", "payment")),
                        [&](std::exception_ptr thrown) { handled = !thrown; });
  ASSERT_TRUE(eventually([&] { return held->reached(); }));
  // The attempt stands in the book before the other side hears of it.
  EXPECT_THAT(faults().calls(), ElementsAre("book.update"));
  EXPECT_EQ(step_status(id, "payment"), StepStatus::running);
  EXPECT_EQ(step_of(id, "payment").attempts, 1U);
  held->release();
  ASSERT_TRUE(eventually([&] { return handled; }));
  EXPECT_THAT(faults().calls(),
              ElementsAre("book.update", "book.update", "bus.publish", "bus.ack"));
  EXPECT_EQ(step_status(id, "payment"), StepStatus::done);
  EXPECT_EQ(step_status(id, "parcel"), StepStatus::pending);
  run_step("shipped", "parcel");
  expect_shipped(id);
  EXPECT_EQ(order(id)->next_check_at, std::nullopt);
  ASSERT_THAT(process_->gateway.calls(), SizeIs(2));
  EXPECT_EQ(process_->gateway.calls()[0].url, "http://other.side/payment/forward");
  EXPECT_EQ(process_->gateway.calls()[0].idempotency_key, id.to_string() + "/payment/forward");
  expect_effects_once();
  expect_at_rest();
}

TEST_F(StepsTest, SurviveEveryFaultOfTheRunner) {
  open_shop({{"A", 1000}});
  Trial trial;
  Delivery message;
  trial.prepare = [&] {
    const auto id = settled_by("shipped");
    message = take_of(id, queue_of("shipped", "payment"));
    return id;
  };
  trial.act = [&](OrderId) { return handle(message, queue_of("shipped", "payment")); };
  trial.expect = [&](OrderId id) {
    expect_shipped(id);
    EXPECT_LE(other_.calls(id.to_string() + "/payment/forward"), 2);
  };
  with_every_fault({"book.update", "book.update", "bus.publish", "bus.ack"}, trial);
}

TEST_F(StepsTest, RepeatACallThatTheProcessDiedInUnderItsKey) {
  open_shop({{"A", 100}});
  for (const auto fault : {Fault::crash_before, Fault::crash_after}) {
    const auto id = settled_by("paid");
    auto message = take_of(id, queue_of("paid", "payment"));
    other_.crash_next(fault);
    dies(handle(std::move(message), queue_of("paid", "payment")));
    EXPECT_EQ(step_status(id, "payment"), StepStatus::running);
    take_over();
    ASSERT_TRUE(comes_to_rest(id));
    EXPECT_EQ(status(id), OrderStatus::completed);
    EXPECT_EQ(step_of(id, "payment").attempts, 2U);
    EXPECT_THAT(other_.effects_of(id.to_string()), ElementsAre("payment/forward"));
    EXPECT_EQ(other_.calls(id.to_string() + "/payment/forward"),
              fault == Fault::crash_before ? 1 : 2);
    stand_still();
  }
  expect_effects_once();
  expect_at_rest();
}

TEST_F(StepsTest, DuplicatesOfAMessageCallOnce) {
  open_shop({{"A", 10}});
  const auto id = settled_by("paid");
  wake_step(id, "paid", "payment");
  wake_step(id, "paid", "payment");
  auto messages = take(queue_of("paid", "payment"), 3);
  const auto held = process_->gateway.hold("payment", Direction::forward);
  std::size_t handled = 0;
  for (auto& message : messages) {
    boost::asio::co_spawn(*process_->loop, handle(std::move(message), queue_of("paid", "payment")),
                          [&](std::exception_ptr thrown) { handled += thrown ? 0 : 1; });
  }
  // Two find it leased, and come back later by themselves.
  ASSERT_TRUE(eventually([&] { return held->reached() && handled == 2; }));
  const auto sent = process_->bus.sent_to(queue_of("paid", "payment"));
  EXPECT_EQ(std::count_if(sent.begin(), sent.end(),
                          [](const OutgoingMessage& message) { return message.delay.has_value(); }),
            2);
  held->release();
  ASSERT_TRUE(eventually([&] { return handled == 3; }));
  wake_step(id, "paid", "payment");  // and one that comes when all is done
  run_step("paid", "payment");
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(process_->gateway.calls().size(), 1U);
  EXPECT_EQ(step_of(id, "payment").attempts, 1U);
  EXPECT_EQ(points("u-1"), 20);
  expect_effects_once();
  expect_at_rest();
}

TEST_F(StepsTest, AMessageOfALeasedStepComesBackByHopsWhenTheLeaseIsOver) {
  open_shop({{"A", 10}});
  const auto id = settled_by("paid");
  other_.crash_next(Fault::crash_before);
  dies(handle(take_one(queue_of("paid", "payment")), queue_of("paid", "payment")));
  const auto lease_ends = step_of(id, "payment").next_at.value();
  stand_still();
  clock_.advance(lease_ends - clock_.now() - Milliseconds{290});
  run_step("paid", "payment");  // the message, delivered again
  auto sent = process_->bus.sent_to(queue_of("paid", "payment"));
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].delay, Milliseconds{250});
  EXPECT_THAT(process_->gateway.calls(), IsEmpty());
  clock_.advance(Milliseconds{250});
  process_->bus.forget_sent();
  run_step("paid", "payment");  // the first hop has landed
  sent = process_->bus.sent_to(queue_of("paid", "payment"));
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].delay, Milliseconds{50});
  clock_.advance(Milliseconds{50});
  run_step("paid", "payment");  // the last one
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_THAT(process_->gateway.calls(), SizeIs(1));
  expect_at_rest();
}

TEST_F(StepsTest, AnUnknownOutcomeIsAskedAgainAfterAPause) {
  open_shop({{"A", 10}});
  const auto id = settled_by("paid");
  process_->gateway.next("payment", Direction::forward, ScriptedGateway::unknown("503"));
  run_step("paid", "payment");
  EXPECT_EQ(step_status(id, "payment"), StepStatus::unknown);
  EXPECT_EQ(step_of(id, "payment").error, "503");
  EXPECT_EQ(status(id), OrderStatus::processing);
  clock_.advance(Milliseconds{50});
  run_step("paid", "payment");
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(step_of(id, "payment").attempts, 2U);
  const auto calls = process_->gateway.calls();
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_EQ(calls[0].idempotency_key, calls[1].idempotency_key);
  EXPECT_EQ(calls[0].body, calls[1].body);
  expect_at_rest();
}

TEST_F(StepsTest, AFinalNoCancelsTheOrderAndReversesWhatIsDone) {
  open_shop({{"A", 10}});
  other_.refuse("parcel");
  const auto id = settled_by("shipped");
  run_step("shipped", "payment");
  run_step("shipped", "parcel");
  EXPECT_EQ(status(id), OrderStatus::cancelling);
  EXPECT_EQ(available("A"), 8);
  faults().forget_calls();
  run_step("shipped", "payment");  // its compensation
  EXPECT_THAT(faults().calls(), ElementsAre("book.update", "book.update", "ledger.give_back",
                                            "book.mark_orders_released", "bus.ack"));
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  EXPECT_EQ(order(id)->reason, CancelReason::step_failed);
  EXPECT_EQ(order(id)->failed_step, StepName{"parcel"});
  EXPECT_THAT(other_.effects_of(id.to_string()),
              ElementsAre("payment/forward", "payment/reverse/cancel"));
  EXPECT_EQ(available("A"), 10);
  expect_effects_once();
  expect_at_rest();
}

TEST_F(StepsTest, DoNotBeginOnceTheirOrdersDeadlineHasPassed) {
  open_shop({{"A", 10}});
  const auto id = settled_by("paid");
  clock_.advance(Process::policy().order_deadline);
  run_step("paid", "payment");
  EXPECT_THAT(process_->gateway.calls(), IsEmpty());
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  EXPECT_EQ(order(id)->reason, CancelReason::timed_out);
  EXPECT_EQ(step_status(id, "payment"), StepStatus::skipped);
  EXPECT_EQ(available("A"), 10);
  expect_at_rest();
}

TEST_F(StepsTest, ACompensationSurvivesEveryFaultOfTheRunner) {
  open_shop({{"A", 1000}});
  other_.refuse("parcel");
  Trial trial;
  Delivery message;
  trial.prepare = [&] {
    const auto id = settled_by("shipped");
    run_step_of(id, "shipped", "payment");
    run_step_of(id, "shipped", "parcel");
    message = take_of(id, queue_of("shipped", "payment"));
    return id;
  };
  trial.act = [&](OrderId) { return handle(message, queue_of("shipped", "payment")); };
  trial.expect = [&](OrderId id) {
    EXPECT_EQ(status(id), OrderStatus::cancelled);
    EXPECT_THAT(other_.effects_of(id.to_string()),
                ElementsAre("payment/forward", "payment/reverse/cancel"));
    EXPECT_EQ(available("A"), 1000);
  };
  with_every_fault(
      {"book.update", "book.update", "ledger.give_back", "book.mark_orders_released", "bus.ack"},
      trial);
}

TEST_F(StepsTest, AReleaseThatOvertakesTheSettleMarkIsMadeOnce) {
  open_shop({{"A", 10}});
  other_.refuse("payment");
  const auto id = place_by("paid", "u-1", {{"A", 2}});
  auto orders = take_orders(1);
  ASSERT_TRUE(outbox_empty());
  faults().hold("ledger.settle");
  bool settled = false;
  boost::asio::co_spawn(*process_->loop, process_->settlement.handle(std::move(orders)),
                        [&](std::exception_ptr thrown) { settled = !thrown; });
  run_step("paid", "payment");
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  EXPECT_EQ(available("A"), 10);
  faults().let_go("ledger.settle");
  ASSERT_TRUE(eventually([&] { return settled; }));
  EXPECT_EQ(available("A"), 10);
  expect_effects_once();
  expect_at_rest();
}

class ParkedStep : public StepTest {
 protected:
  /// An order whose payment got no answer in any of its attempts.
  OrderId parked_order(std::uint32_t attempts = 3) {
    const auto id = settled_by("paid");
    for (std::uint32_t i = 0; i < attempts; ++i) {
      process_->gateway.next("payment", Direction::forward, ScriptedGateway::unknown("no answer"));
      clock_.advance(Milliseconds{50});
      run_step_of(id, "paid", "payment");
    }
    return id;
  }
};

TEST_F(ParkedStep, IsWrittenWithItsParkedRowInOneTransaction) {
  open_shop({{"A", 10}});
  const auto id = parked_order(2);
  EXPECT_THAT(parked(), IsEmpty());
  process_->gateway.next("payment", Direction::forward, ScriptedGateway::unknown("no answer"));
  clock_.advance(Milliseconds{50});
  faults().next("book.update", Fault::none);
  faults().next("book.update", Fault::crash_after);
  dies(handle(take_one(queue_of("paid", "payment")), queue_of("paid", "payment")));
  stand_still();
  EXPECT_TRUE(step_of(id, "payment").parked);
  EXPECT_EQ(step_status(id, "payment"), StepStatus::unknown);
  EXPECT_EQ(status(id), OrderStatus::processing);
  ASSERT_THAT(parked(), SizeIs(1));
  const auto message = parked().at(0);
  EXPECT_EQ(message.queue, queue_of("paid", "payment"));
  EXPECT_EQ(message.reason, "attempts_exhausted");
  EXPECT_EQ(message.order_id, id);
  EXPECT_EQ(message.step, StepName{"payment"});
  EXPECT_EQ(message.attempts, 3U);
  EXPECT_EQ(message.detail, "no answer");
  run_step("paid", "payment");  // delivered again: nothing more is called
  sweep_later();
  EXPECT_THAT(process_->gateway.calls(), IsEmpty());
  EXPECT_THAT(parked(), SizeIs(1));
}

TEST_F(ParkedStep, IsSentOnceHoweverOftenARetryIsAskedFor) {
  open_shop({{"A", 10}});
  const auto id = parked_order();
  process_->bus.forget_sent();
  const auto parked_id = parked().at(0).id;
  std::size_t sent = 0;
  std::size_t answered = 0;
  for (int i = 0; i < 2; ++i) {
    ParkedFilter filter;
    filter.id = parked_id;
    boost::asio::co_spawn(*process_->loop, process_->parked.retry(filter, "a test"),
                          [&](std::exception_ptr thrown, flows::Outcome<std::size_t> result) {
                            answered += thrown ? 0 : 1;
                            if (result) sent += *result;
                          });
  }
  ASSERT_TRUE(eventually([&] { return answered == 2; }));
  EXPECT_EQ(sent, 1U);
  EXPECT_THAT(process_->bus.sent_to(queue_of("paid", "payment")), SizeIs(1));
  run_step("paid", "payment");
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_FALSE(step_of(id, "payment").parked);
  EXPECT_EQ(step_of(id, "payment").attempts, 4U);
  EXPECT_THAT(parked(), IsEmpty());
  expect_at_rest();
}

TEST_F(ParkedStep, ThatFailsAgainIsParkedAgainUnderTheSameSubject) {
  open_shop({{"A", 10}});
  const auto id = parked_order();
  EXPECT_EQ(done(process_->parked.retry({}, "a test")), 1U);
  for (int i = 0; i < 3; ++i) {
    process_->gateway.next("payment", Direction::forward, ScriptedGateway::unknown("still none"));
    clock_.advance(Milliseconds{50});
    run_step("paid", "payment");
  }
  ASSERT_THAT(parked(), SizeIs(1));
  EXPECT_EQ(parked().at(0).detail, "still none");
  EXPECT_EQ(step_of(id, "payment").attempts, 6U);
}

TEST_F(ParkedStep, DiscardedFailsAndTheOrderIsCompensatedAsForAnUnknownForward) {
  open_shop({{"A", 10}});
  const auto id = parked_order();
  EXPECT_TRUE(done(process_->parked.discard(parked().at(0).id, "gone", "a test")));
  EXPECT_EQ(status(id), OrderStatus::cancelling);
  EXPECT_THAT(parked(), IsEmpty());
  EXPECT_EQ(faults().count("book.remove_parked"), 0) << "it is one transaction with the effect";
  EXPECT_EQ(stores_.ask_book("select count(*) from audit where action = 'parked.discard'"), "1");
  run_step("paid", "payment");
  ASSERT_THAT(process_->gateway.calls("payment", Direction::reverse), SizeIs(1));
  EXPECT_THAT(process_->gateway.calls("payment", Direction::reverse)[0].body,
              ::testing::HasSubstr(R"("forward_unknown":true)"));
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  EXPECT_EQ(available("A"), 10);
  expect_effects_once();
  expect_at_rest();
}

TEST_F(ParkedStep, DiscardedWhileTheProcessDiesIsCompensatedAllTheSame) {
  open_shop({{"A", 100}});
  for (const auto fault : {Fault::crash_before, Fault::crash_after}) {
    for (const auto* call : {"book.update", "bus.publish"}) {
      SCOPED_TRACE(call);
      const auto id = parked_order();
      const auto parked_id = parked().at(0).id;
      faults().next(call, fault);
      EXPECT_THROW(run(process_->parked.discard(parked_id, "gone", "a test")), Crash);
      take_over();
      clock_.advance(flows::limits::kParkedLease);
      if (!parked().empty()) {
        EXPECT_TRUE(done(process_->parked.discard(parked_id, "gone", "a test")));
      }
      EXPECT_TRUE(comes_to_rest(id));
      EXPECT_EQ(status(id), OrderStatus::cancelled);
      EXPECT_THAT(parked(), IsEmpty());
      stand_still();
    }
  }
  EXPECT_EQ(available("A"), 100);
  expect_effects_once();
  expect_at_rest();
}

}  // namespace
}  // namespace holdfast::testing
