#include <boost/asio/co_spawn.hpp>

#include "tests/stack/step_fixture.h"

// Refunds of orders with remote steps: the ones that stop their order, before and after it is in
// the book, and the ones whose reversals are calls.

namespace holdfast::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PreemptionTest : public StepTest {
 protected:
  /// A request as a client makes it: again under its id until it is answered.
  boost::asio::awaitable<void> insist(flows::RefundCommand command) {
    for (int i = 0; i < 5; ++i) {
      const auto answer = co_await process_->refunds.request(command);
      if (answer) co_return;
    }
    throw std::runtime_error("a refund was not answered");
  }
  /// Whatever was taken for the order was given back, once (that, the other side tells).
  void expect_nothing_kept(OrderId id) {
    const auto cause = "/reverse/" + refund_id_.to_string();
    const auto prefix = id.to_string() + "/";
    for (const auto* name : {"payment", "parcel"}) {
      EXPECT_EQ(other_.has(prefix + name + "/forward"), other_.has(prefix + name + cause)) << name;
    }
  }
  void expect_taken_back(OrderId id) {
    EXPECT_EQ(refund(refund_id_).status, RefundStatus::refunded);
    const auto standing = order(id).value();
    if (standing.status == OrderStatus::cancelled) {
      EXPECT_EQ(standing.reason, CancelReason::preempted);
      EXPECT_EQ(standing.preempted_by, refund_id_);
    } else {
      EXPECT_EQ(standing.status, OrderStatus::refunded);  // it was complete before
    }
    expect_nothing_kept(id);
    EXPECT_EQ(available("A"), 1000);
    EXPECT_EQ(points("u-1"), 0);
  }
  /// The wake-up of its refund, those of others handled before it.
  std::vector<Delivery> take_wake(OrderId id) {
    for (;;) {
      auto one = run(process_->bus.receive(queues::refunds, {1, Milliseconds{0}}));
      const auto wakes = codec::refunds_from_message(one.at(0).body);
      if (wakes && wakes->at(0).order_id == id) return one;
      step(process_->refund_worker.handle(std::move(one)));
    }
  }
  void preempt_again(OrderId id) {
    step(insist(refund_command(id, WhenIncomplete::preempt, refund_id_)));
  }

  RefundId refund_id_;
};

TEST_F(PreemptionTest, SkipsWhatHasNotBegunAndReversesWhatIsDone) {
  open_shop({{"A", 1000}});
  const auto id = settled_by("shipped");
  run_step("shipped", "payment");
  faults().forget_calls();
  refund_id_ = ask(id, WhenIncomplete::preempt);
  // The refund's wake-up, then that of the step to be reversed.
  EXPECT_THAT(faults().calls(), ElementsAre("book.update", "bus.publish", "bus.publish"));
  EXPECT_EQ(status(id), OrderStatus::cancelling);
  EXPECT_EQ(step_status(id, "parcel"), StepStatus::skipped);
  run_step("shipped", "parcel");  // its message comes too late
  run_step("shipped", "payment");
  EXPECT_THAT(other_.effects_of(id.to_string()),
              ElementsAre("payment/forward", "payment/reverse/" + refund_id_.to_string()));
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  EXPECT_EQ(refund(refund_id_).amount, (Money{2 * kPrice}));
  expect_taken_back(id);
  expect_effects_once();
  expect_at_rest();
}

TEST_F(PreemptionTest, ARequestSurvivesEveryFault) {
  open_shop({{"A", 1000}});
  Trial trial;
  trial.prepare = [&] {
    const auto id = settled_by("shipped");
    run_step_of(id, "shipped", "payment");
    refund_id_ = RefundId{process_->ids.next()};
    return id;
  };
  trial.act = [&](OrderId id) {
    return insist(refund_command(id, WhenIncomplete::preempt, refund_id_));
  };
  trial.again = [&](OrderId id) { preempt_again(id); };
  trial.expect = [&](OrderId id) { expect_taken_back(id); };
  with_every_fault({"book.update", "bus.publish"}, trial);
}

TEST_F(PreemptionTest, WaitsForACallThatIsUnderWay) {
  open_shop({{"A", 1000}});
  const auto id = settled_by("shipped");
  const auto held = process_->gateway.hold("payment", Direction::forward);
  auto message = take_one(queue_of("shipped", "payment"));
  bool handled = false;
  boost::asio::co_spawn(*process_->loop, handle(std::move(message), queue_of("shipped", "payment")),
                        [&](std::exception_ptr thrown) { handled = !thrown; });
  ASSERT_TRUE(eventually([&] { return held->reached(); }));
  process_->bus.forget_sent();
  refund_id_ = ask(id, WhenIncomplete::preempt);
  EXPECT_EQ(status(id), OrderStatus::cancelling);
  work_refunds();
  sweep_later(Milliseconds{1'000});
  EXPECT_THAT(process_->bus.sent_to(queue_of("shipped", "payment")), IsEmpty());
  held->release();
  ASSERT_TRUE(eventually([&] { return handled; }));
  run_step("shipped", "payment");
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  EXPECT_EQ(refund(refund_id_).amount, (Money{2 * kPrice}));
  expect_taken_back(id);
  expect_effects_once();
  expect_at_rest();
}

TEST_F(PreemptionTest, OfAForwardThatStaysUnknownSaysSoInTheReverse) {
  open_shop({{"A", 1000}});
  const auto id = settled_by("paid");
  for (int i = 0; i < 3; ++i) {
    process_->gateway.next("payment", Direction::forward, ScriptedGateway::unknown());
  }
  run_step("paid", "payment");
  refund_id_ = ask(id, WhenIncomplete::preempt);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(process_->gateway.calls("payment", Direction::reverse), IsEmpty());
    clock_.advance(Milliseconds{50});
    run_step("paid", "payment");
  }
  run_step("paid", "payment");
  const auto reverses = process_->gateway.calls("payment", Direction::reverse);
  ASSERT_THAT(reverses, SizeIs(1));
  EXPECT_THAT(reverses[0].body, ::testing::HasSubstr(R"("forward_unknown":true)"));
  EXPECT_THAT(process_->gateway.calls("payment", Direction::forward), SizeIs(3));
  EXPECT_THAT(parked(), IsEmpty());
  EXPECT_EQ(refund(refund_id_).amount, Money{0});  // the other side had never seen it
  expect_taken_back(id);
  expect_effects_once();
  expect_at_rest();
}

TEST_F(PreemptionTest, AHeldRefundPreemptsWhenItHasWaitedTooLong) {
  open_shop({{"A", 1000}});
  const auto id = settled_by("shipped");
  run_step("shipped", "payment");
  refund_id_ = ask(id);
  EXPECT_EQ(refund(refund_id_).status, RefundStatus::waiting);
  clock_.advance(kMaxWait);
  work_refunds();
  EXPECT_EQ(status(id), OrderStatus::cancelling);
  run_step("shipped", "payment");
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  expect_taken_back(id);
  expect_effects_once();
  expect_at_rest();
}

class EarlyPreemption : public PreemptionTest {
 protected:
  /// What the worker does, in this order: it looks into the book, into the book with the journal,
  /// refuses, keeps what others are to be told, wakes the refund, gives back, notes that.
  static std::vector<std::string> refusing() {
    return {"book.update", "book.update",      "book.settle",
            "bus.publish", "ledger.give_back", "book.mark_orders_released",
            "bus.ack"};
  }
  /// An order that only the journal knows, and a refund that is to stop it.
  OrderId early_order() {
    const auto id = place_by("paid", "u-1", {{"A", 2}});
    if (!outbox_empty()) throw std::runtime_error("the outbox has not become empty");
    refund_id_ = ask(id, WhenIncomplete::preempt);
    EXPECT_EQ(refund(refund_id_).status, RefundStatus::waiting);
    return id;
  }
};

TEST_F(EarlyPreemption, RefusesTheOrderBeforeItsSettlement) {
  open_shop({{"A", 1000}});
  const auto id = early_order();
  auto wake = take_wake(id);
  faults().forget_calls();
  step(process_->refund_worker.handle(std::move(wake)));
  EXPECT_EQ(faults().calls(), refusing());
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  EXPECT_EQ(available("A"), 1000);
  settle();  // its own message finds it refused
  work_refunds();
  EXPECT_EQ(refund(refund_id_).amount, Money{0});
  EXPECT_EQ(step_status(id, "payment"), StepStatus::skipped);
  EXPECT_THAT(process_->gateway.calls(), IsEmpty());
  expect_taken_back(id);
  expect_effects_once();
  expect_at_rest();
}

TEST_F(EarlyPreemption, ThatLosesTheRaceStopsTheSettledOrder) {
  open_shop({{"A", 1000}});
  const auto id = early_order();
  auto wake = take_wake(id);
  const auto other = another_process(process_->loop);
  step(other->guard.verify());
  faults().hold("book.settle");
  bool handled = false;
  boost::asio::co_spawn(*process_->loop, process_->refund_worker.handle(std::move(wake)),
                        [&](std::exception_ptr thrown) { handled = !thrown; });
  ASSERT_TRUE(eventually([&] { return faults().count("book.settle") == 1; }));
  auto orders = run(other->bus.receive(queues::orders, {1, Milliseconds{0}}));
  step(other->settlement.handle(std::move(orders)));
  EXPECT_EQ(status(id), OrderStatus::processing);
  faults().let_go("book.settle");
  ASSERT_TRUE(eventually([&] { return handled; }));
  EXPECT_EQ(status(id), OrderStatus::processing);
  work_refunds();
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  run_step("paid", "payment");  // its message comes too late
  EXPECT_THAT(process_->gateway.calls(), IsEmpty());
  EXPECT_EQ(refund(refund_id_).amount, Money{0});
  expect_taken_back(id);
  expect_effects_once();
  expect_at_rest();
}

TEST_F(EarlyPreemption, SurvivesEveryFaultOfTheWorker) {
  open_shop({{"A", 1000}});
  Trial trial;
  std::vector<Delivery> wake;
  trial.prepare = [&] {
    const auto id = early_order();
    wake = take_wake(id);
    return id;
  };
  trial.act = [&](OrderId) { return process_->refund_worker.handle(wake); };
  trial.expect = [&](OrderId id) { expect_taken_back(id); };
  with_every_fault(refusing(), trial);
}

class RemoteRefund : public PreemptionTest {
 protected:
  OrderId completed() {
    const auto id = settled_by("paid");
    run_step_of(id, "paid", "payment");
    refund_id_ = ask(id);
    return id;
  }
};

TEST_F(RemoteRefund, SurvivesEveryFaultOfTheWorker) {
  open_shop({{"A", 1000}});
  Trial trial;
  std::vector<Delivery> wake;
  trial.prepare = [&] {
    const auto id = completed();
    wake = take_wake(id);
    return id;
  };
  trial.act = [&](OrderId) { return process_->refund_worker.handle(wake); };
  trial.expect = [&](OrderId id) {
    EXPECT_EQ(status(id), OrderStatus::refunded);
    expect_taken_back(id);
  };
  with_every_fault({"book.update", "bus.publish", "bus.ack"}, trial);
}

TEST_F(RemoteRefund, SurvivesEveryFaultOfTheRunner) {
  open_shop({{"A", 1000}});
  Trial trial;
  Delivery message;
  trial.prepare = [&] {
    const auto id = completed();
    step(process_->refund_worker.handle(take_wake(id)));
    message = take_of(id, queue_of("paid", "payment"));
    return id;
  };
  trial.act = [&](OrderId) { return handle(message, queue_of("paid", "payment")); };
  trial.expect = [&](OrderId id) {
    EXPECT_EQ(status(id), OrderStatus::refunded);
    expect_taken_back(id);
  };
  with_every_fault(
      {"book.update", "book.update", "ledger.give_back", "book.mark_released", "bus.ack"}, trial);
}

}  // namespace
}  // namespace holdfast::testing
