#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "tests/stack/step_fixture.h"

// What stands around the steps: queues that are worked on by themselves, plans of other versions,
// the sweep, events.

namespace holdfast::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

class StepQueuesTest : public StepTest {
 protected:
  static flows::RemoteStep payment_of_paid() {
    for (const auto& plan : plans_of_tests()) {
      if (plan.name == PlanName{"paid"}) return {plan.name, plan.steps.at(1)};
    }
    throw std::runtime_error("no plan");
  }
  void start_runner() {
    async::spawn(process_->loop->get_executor(), process_->runner.run(payment_of_paid()), "a step");
  }
  std::size_t forwards() { return process_->gateway.calls("payment", Direction::forward).size(); }
};

TEST_F(StepQueuesTest, AnOtherSideThatIsOutIsAskedOneAtATimeAndParksNothing) {
  open_shop({{"A", 1000}});
  std::vector<OrderId> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(settled_by("paid"));
  process_->gateway.always("payment", Direction::forward, ScriptedGateway::unknown("503"));
  start_runner();
  ASSERT_TRUE(eventually([&] { return process_->runner.open_breakers() == 1; }));
  // Each has more calls behind it now than its plan allows for one that fails alone.
  ASSERT_TRUE(eventually([&] { return forwards() >= std::size_t{12} * 5; }));
  const auto held = process_->gateway.hold("payment", Direction::forward);
  ASSERT_TRUE(eventually([&] { return held->reached(); }));
  const auto before = forwards();
  for (int i = 0; i < 100; ++i) step(pause_1_ms());
  EXPECT_EQ(process_->gateway.open(), 1U);
  EXPECT_EQ(forwards(), before);
  EXPECT_THAT(parked(), IsEmpty());
  other_.serve(process_->gateway);
  held->release(ScriptedGateway::done("at last"));
  ASSERT_TRUE(eventually([&] {
    clock_.advance(Milliseconds{1});  // pauses end
    return std::all_of(ids.begin(), ids.end(),
                       [&](OrderId id) { return status(id) == OrderStatus::completed; });
  }));
  EXPECT_EQ(process_->runner.open_breakers(), 0U);
  EXPECT_THAT(parked(), IsEmpty());
  expect_at_rest();
}

TEST_F(StepQueuesTest, NoMoreCallsAreUnderWayThanTheStepAllows) {
  open_shop({{"A", 1000}});
  for (int i = 0; i < 5; ++i) settled_by("paid");
  std::vector<std::shared_ptr<HeldCall>> held;
  for (int i = 0; i < 5; ++i) held.push_back(process_->gateway.hold("payment", Direction::forward));
  auto remote = payment_of_paid();
  remote.step.concurrency = 2;
  async::spawn(process_->loop->get_executor(), process_->runner.run(std::move(remote)), "a step");
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(eventually([&] { return held[i]->reached(); }));
    EXPECT_LE(process_->gateway.open(), 2U);
    held[i]->release();
  }
  EXPECT_TRUE(eventually([&] { return process_->gateway.open() == 0; }));
}

TEST_F(StepQueuesTest, AStepIsTakenAsItWasInTheOrdersOwnVersion) {
  auto old_step = http_step("payment", {});
  old_step.forward_url = "http://other.side/old/forward";
  old_step.webhook_secret = "whsec_old";
  const auto old = with_version(PlanName{"paid"}, {old_step});
  std::vector<Plan> stored{old};
  done(process_->book.store_plans(std::move(stored)));
  auto configured = plans_of_tests();
  for (auto& plan : configured) {
    for (auto& step : plan.steps) {
      step.webhook_secret = "whsec_new";
      step.concurrency = 3;
    }
  }
  flows::PlanBook plans(process_->book, configured);
  const auto found = done(plans.find(PlanName{"paid"}, old.version, StepName{"payment"}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->forward_url, "http://other.side/old/forward");
  EXPECT_EQ(found->webhook_secret, "whsec_new");
  EXPECT_EQ(found->concurrency, 3U);
  EXPECT_FALSE(done(plans.find(PlanName{"paid"}, old.version, StepName{"parcel"})));
  EXPECT_FALSE(done(plans.find(PlanName{"paid"}, "000000000000", StepName{"payment"})));
  // A process that knew of the plan before has each queue once, as it is configured now.
  const auto remote = plans.remote_steps();
  EXPECT_EQ(std::count_if(remote.begin(), remote.end(),
                          [](const flows::RemoteStep& step) {
                            return step.plan == PlanName{"paid"} &&
                                   step.step.forward_url == "http://other.side/payment/forward";
                          }),
            1);
}

TEST_F(StepQueuesTest, AMessageOfAPlanThatNobodyKnowsIsParkedAndMayBeRetried) {
  open_shop({{"A", 10}});
  const auto id = settled_by("paid");
  auto message = take_one(queue_of("paid", "payment"));
  auto wake = codec::step_from_message(message.body).value();
  const auto version = std::exchange(wake.plan_version, "000000000000");
  message.body = codec::step_message(wake);
  step(handle(std::move(message), queue_of("paid", "payment")));
  EXPECT_THAT(process_->gateway.calls(), IsEmpty());
  ASSERT_TRUE(record_parked(1));
  EXPECT_EQ(parked().at(0).reason, "unknown_plan");
  EXPECT_EQ(parked().at(0).order_id, id);
  EXPECT_EQ(step_status(id, "payment"), StepStatus::pending);
  // By then the book has it.
  auto late = with_version(PlanName{"paid"}, {http_step("payment", {})});
  late.version = "000000000000";
  std::vector<Plan> stored{late};
  done(process_->book.store_plans(std::move(stored)));
  EXPECT_EQ(done(process_->parked.retry({}, "a test")), 1U);
  run_step("paid", "payment");
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_THAT(parked(), IsEmpty());
  EXPECT_NE(version, "000000000000");
}

TEST_F(StepQueuesTest, AMessageThatCannotBeReadIsParked) {
  OutgoingMessage garbage;
  garbage.queue = queue_of("paid", "payment");
  garbage.id = MessageId{process_->ids.next()};
  garbage.body = "not JSON";
  publish(garbage);
  run_step("paid", "payment");
  ASSERT_TRUE(record_parked(1));
  EXPECT_EQ(parked().at(0).reason, "undecodable");
  EXPECT_EQ(parked().at(0).queue, queue_of("paid", "payment"));
}

TEST_F(StepQueuesTest, TheSweepBringsOnAStepWhoseMessageWasLost) {
  open_shop({{"A", 10}});
  const auto id = place_by("paid", "u-1", {{"A", 2}});
  auto orders = take_orders(1);
  ASSERT_TRUE(outbox_empty());
  faults().next("bus.publish", Fault::crash_before);
  dies(process_->settlement.handle(std::move(orders)));
  stand_still();
  process_->bus.forget_sent();
  settle();  // delivered again: the steps are the sweep's
  EXPECT_THAT(process_->bus.sent_to(queue_of("paid", "payment")), IsEmpty());
  sweep_later(Process::policy().dispatch_grace);
  run_step("paid", "payment");
  EXPECT_EQ(status(id), OrderStatus::completed);
  expect_at_rest();
}

TEST_F(StepQueuesTest, TheSweepDoesNotFillAQueueThatIsLongAlready) {
  open_shop({{"A", 10}});
  const auto id = settled_by("paid");
  process_->bus.forget_sent();
  for (int i = 0; i < 60; ++i) sweep_later(Milliseconds{10'000});
  // Ten minutes in which nobody takes its messages: sent again, and ever more rarely.
  EXPECT_THAT(process_->bus.sent_to(queue_of("paid", "payment")),
              AllOf(SizeIs(Ge(3U)), SizeIs(Le(15U))));
  start_runner();
  ASSERT_TRUE(eventually([&] { return status(id) == OrderStatus::completed; }));
  EXPECT_EQ(forwards(), 1U);
  expect_at_rest();
}

TEST_F(StepQueuesTest, AnOrderThatTheBookRefusesDoesNotKeepTheSweepFromTheOthers) {
  open_shop({{"A", 10}});
  std::vector<OrderId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(settled_by("awaited"));
  book_refuses("orders",
               "new.order_id = '" + ids[0].to_string() + "' and new.status <> 'processing'");
  sweep_later(Milliseconds{60'000});
  EXPECT_EQ(status(ids[0]), OrderStatus::processing);
  EXPECT_EQ(status(ids[1]), OrderStatus::cancelled);
  EXPECT_EQ(status(ids[2]), OrderStatus::cancelled);
  book_refuses_no_more("orders");
  sweep_later(Milliseconds{1'000});
  EXPECT_EQ(status(ids[0]), OrderStatus::cancelled);
  EXPECT_EQ(available("A"), 10);
  expect_at_rest();
}

class EventsTest : public StepTest {
 protected:
  std::size_t relay() { return run(process_->events.relay_once()); }
  /// An order that is completed by its remote step: the book keeps the event.
  OrderId completed() {
    const auto id = settled_by("paid");
    while (relay() != 0) continue;  // what was told before, of stock
    run_step_of(id, "paid", "payment");
    faults().forget_calls();
    process_->bus.forget_sent();
    return id;
  }
};

TEST_F(EventsTest, ArePublishedAndThenDeleted) {
  open_shop({{"A", 10}});
  const auto id = completed();
  EXPECT_EQ(relay(), 1U);
  EXPECT_THAT(faults().calls(), ElementsAre("bus.publish", "book.delete_events"));
  const auto told = process_->bus.told("order.completed");
  ASSERT_THAT(told, SizeIs(Ge(1U)));
  EXPECT_THAT(told[0].body, ::testing::HasSubstr(id.to_string()));
  EXPECT_EQ(relay(), 0U);
  EXPECT_THAT(done(process_->book.pending_events(10)), IsEmpty());
}

TEST_F(EventsTest, ThatWereToldWhenTheProcessDiedAreToldAgainUnderTheSameId) {
  open_shop({{"A", 100}});
  for (const auto* call : {"bus.publish", "book.delete_events"}) {
    for (const auto fault : {Fault::crash_before, Fault::crash_after}) {
      SCOPED_TRACE(call);
      completed();
      const auto pending = done(process_->book.pending_events(10));
      ASSERT_THAT(pending, SizeIs(1));
      faults().next(call, fault);
      EXPECT_THROW(relay(), Crash);
      stand_still();
      const bool deleted = std::string(call) == "book.delete_events" && fault == Fault::crash_after;
      EXPECT_EQ(relay(), deleted ? 0U : 1U);
      if (!deleted) {
        const auto told = process_->bus.told("order.completed");
        ASSERT_FALSE(told.empty());
        EXPECT_EQ(told[0].id, MessageId{pending[0].id});
      }
      EXPECT_THAT(done(process_->book.pending_events(10)), IsEmpty());
    }
  }
}

TEST_F(EventsTest, AreToldUnderOneIdUntilThatIsConfirmed) {
  open_shop({{"A", 10}});
  completed();
  for (const auto fault : {Fault::fail_before, Fault::fail_after}) {
    faults().next("bus.publish", fault);
    EXPECT_EQ(relay(), 0U);
    EXPECT_THAT(done(process_->book.pending_events(10)), SizeIs(1));
  }
  EXPECT_EQ(relay(), 1U);
  EXPECT_THAT(done(process_->book.pending_events(10)), IsEmpty());
  const auto told = process_->bus.told("order.completed");
  ASSERT_THAT(told, SizeIs(3));
  for (const auto& message : told) EXPECT_EQ(message.id, told[0].id);
}

TEST_F(EventsTest, OfASettlementAreKeptInTheBookWhereTheyCannotBeToldBeforeTheAck) {
  open_shop({{"A", 10}});
  while (relay() != 0) continue;
  place("u-1", {{"A", 1}});
  auto deliveries = take_orders(1);
  ASSERT_TRUE(outbox_empty());
  faults().forget_calls();
  faults().next("bus.publish", Fault::fail_before);
  step(process_->settlement.handle(std::move(deliveries)));
  EXPECT_THAT(faults().calls(), ElementsAre("book.settle", "bus.publish", "bus.publish",
                                            "book.update", "bus.ack", "ledger.settle"));
  std::vector<std::string> kept;
  for (const auto& event : done(process_->book.pending_events(10))) kept.push_back(event.type);
  EXPECT_THAT(kept, ::testing::UnorderedElementsAre("order.accepted", "order.completed"));
  expect_at_rest();
}

}  // namespace
}  // namespace holdfast::testing
