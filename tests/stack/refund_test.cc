#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <numeric>

#include "async/gather.h"
#include "domain/change_ids.h"
#include "flows/limits.h"
#include "flows/outgoing.h"
#include "tests/stack/flow_fixture.h"

// Refunds: held, woken, carried out once, parked, and the ones that overtake their orders.

namespace holdfast::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RefundTest : public FlowTest {
 protected:
  RefundId ask(OrderId order_id, RefundRequest request = {}) {
    flows::RefundCommand command{order_id, RefundId{process_->ids.next()}, std::move(request)};
    const auto answer = done(process_->refunds.request(std::move(command)));
    if (answer.outcome != RefundRequestOutcome::accepted) {
      throw std::runtime_error("a refund was not accepted");
    }
    return answer.refund->id;
  }
  static RefundRequest of(const std::string& sku, std::int64_t units, bool restock = true) {
    RefundRequest request;
    request.lines = {{Sku{sku}, Quantity{units}, restock}};
    return request;
  }
  Refund refund(RefundId id) { return done(process_->book.find_refund(id)).value(); }
  void wake(OrderId order_id, RefundId refund_id) {
    std::vector<OutgoingMessage> messages;
    messages.push_back(flows::refund_wake(process_->ids, {order_id, refund_id}));
    done(process_->bus.publish(std::move(messages)));
  }
  /// The worker handles this many wake-ups as one batch.
  void work(std::size_t wakes = 1) {
    step(process_->refund_worker.handle(take(queues::refunds, wakes)));
  }
  void work_alone(Delivery delivery) {
    std::vector<Delivery> one;
    one.push_back(std::move(delivery));
    step(process_->refund_worker.handle(std::move(one)));
  }
  /// How many refunds each message woke that was sent since the last `forget_sent`.
  std::vector<std::size_t> wakes_sent() {
    std::vector<std::size_t> sizes;
    for (const auto& message : process_->bus.sent_to(queues::refunds)) {
      const auto wakes = codec::refunds_from_message(message.body);
      sizes.push_back(wakes ? wakes->size() : 0);
    }
    return sizes;
  }
  /// A wake-up that comes at once, not after the delay.
  void wake_and_work(OrderId order_id, RefundId refund_id) {
    wake(order_id, refund_id);
    work();
  }
  /// The stock of 2 of A, sold and given back once.
  void expect_given_back_once(OrderId id) {
    EXPECT_EQ(status(id), OrderStatus::refunded);
    EXPECT_EQ(available("A"), 10);
    EXPECT_EQ(stock("A").sold, 2);
    EXPECT_EQ(stock("A").returned, 2);
    EXPECT_EQ(points("u-1"), 0);
    expect_at_rest();
  }
};

TEST_F(RefundTest, OfACompletedOrderGivesEverythingBack) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 2}});
  const auto asked = ask(id);
  EXPECT_EQ(refund(asked).status, RefundStatus::reversing);
  ASSERT_TRUE(outbox_empty());
  faults().forget_calls();
  work();
  EXPECT_EQ(refund(asked).status, RefundStatus::refunded);
  EXPECT_EQ(refund(asked).amount, (Money{2 * kPrice}));
  EXPECT_THAT(faults().calls(), ::testing::ElementsAre("book.update", "ledger.give_back",
                                                       "book.mark_released", "bus.ack"));
  expect_given_back_once(id);
}

TEST_F(RefundTest, ThatOvertakesItsOrderIsHeldAndWokenByTheCompletion) {
  open_shop({{"A", 10}});
  const auto id = place("u-1", {{"A", 2}});
  auto order_message = take_orders(1);
  const auto asked = ask(id);
  EXPECT_EQ(refund(asked).status, RefundStatus::waiting);
  EXPECT_EQ(refund(asked).checks, 0U);
  for (const std::uint32_t checks : {1U, 2U}) {
    clock_.advance(kDelay);
    work();
    EXPECT_EQ(refund(asked).status, RefundStatus::waiting);
    EXPECT_EQ(refund(asked).checks, checks);
  }
  EXPECT_EQ(stock("A").returned, 0);
  process_->bus.forget_sent();
  step(process_->settlement.handle(std::move(order_message)));
  const auto wakes = process_->bus.sent_to(queues::refunds);
  ASSERT_THAT(wakes, SizeIs(1));
  EXPECT_FALSE(wakes[0].delay);
  auto deliveries = take(queues::refunds, 2);  // that one, and the delayed one of the last look
  work_alone(std::move(deliveries[0]));
  EXPECT_EQ(refund(asked).status, RefundStatus::refunded);
  EXPECT_EQ(refund(asked).checks, 3U);
  work_alone(std::move(deliveries[1]));
  expect_given_back_once(id);
}

TEST_F(RefundTest, WakeUpsThatComeTogetherShareAMessage) {
  open_shop({{"A", 10}});
  std::vector<OrderId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(place("u-1", {{"A", 1}}));
  auto order_messages = take_orders(4);
  ASSERT_TRUE(outbox_empty());
  process_->bus.forget_sent();
  faults().forget_calls();
  faults().hold("bus.publish");
  std::size_t answered = 0;
  const auto begin = [&](OrderId id) {
    flows::RefundCommand command{id, RefundId{process_->ids.next()}, {}};
    boost::asio::co_spawn(*process_->loop, process_->refunds.request(std::move(command)),
                          [&](const std::exception_ptr& thrown, const auto&) {
                            if (!thrown) ++answered;
                          });
  };
  begin(ids[0]);
  ASSERT_TRUE(eventually([&] { return faults().count("bus.publish") == 1; }));
  for (int i = 1; i < 4; ++i) begin(ids.at(static_cast<std::size_t>(i)));
  ASSERT_TRUE(eventually([&] { return stores_.ask_book("select count(*) from refunds") == "4"; }));
  faults().let_go("bus.publish");
  ASSERT_TRUE(eventually([&] { return answered == 4; }));
  const auto sent = wakes_sent();
  EXPECT_LT(sent.size(), 4U);
  EXPECT_EQ(std::accumulate(sent.begin(), sent.end(), std::size_t{0}), 4U);

  process_->bus.forget_sent();
  step(process_->settlement.handle(std::move(order_messages)));
  EXPECT_THAT(wakes_sent(), ::testing::ElementsAre(4U));
  work();
  for (const auto& id : ids) EXPECT_EQ(status(id), OrderStatus::refunded);
  EXPECT_EQ(available("A"), 10);
}

TEST_F(RefundTest, TwoChainsOfWakeUpsDoNotDoubleTheChecks) {
  open_shop({{"A", 10}});
  const auto id = place("u-1", {{"A", 2}});
  const auto asked = ask(id);
  process_->bus.forget_sent();
  wake(id, asked);
  auto first = take(queues::refunds, 2);
  work_alone(std::move(first[0]));  // too early: a chain that ends here
  EXPECT_EQ(refund(asked).checks, 0U);
  clock_.advance(kDelay);
  work_alone(std::move(first[1]));
  EXPECT_EQ(refund(asked).checks, 1U);
  wake(id, asked);
  wake(id, asked);
  for (auto& delivery : take(queues::refunds, 3)) work_alone(std::move(delivery));
  EXPECT_EQ(refund(asked).checks, 1U);
  int delayed = 0;
  for (const auto& message : process_->bus.sent_to(queues::refunds)) {
    delayed += message.delay ? 1 : 0;
  }
  EXPECT_EQ(delayed, 1);
}

TEST_F(RefundTest, WhoseWakeUpWasLostInACrashIsWokenByTheOrdersRedelivery) {
  open_shop({{"A", 10}});
  const auto id = place("u-1", {{"A", 2}});
  auto order_message = take_orders(1);
  ASSERT_TRUE(outbox_empty());
  const auto asked = ask(id);
  faults().next("bus.publish", Fault::crash_before);
  dies(process_->settlement.handle(std::move(order_message)));
  EXPECT_EQ(status(id), OrderStatus::completed);
  crash();
  settle();
  const auto wakes = process_->bus.sent_to(queues::refunds);
  ASSERT_THAT(wakes, SizeIs(1));
  EXPECT_FALSE(wakes[0].delay);
  work();
  EXPECT_EQ(refund(asked).status, RefundStatus::refunded);
  expect_given_back_once(id);
}

TEST_F(RefundTest, AskedForAgainWithTheSameIdIsTheSame) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 2}});
  const auto asked = ask(id);
  flows::RefundCommand same{id, asked, {}};
  EXPECT_EQ(done(process_->refunds.request(std::move(same))).outcome,
            RefundRequestOutcome::replayed);
  flows::RefundCommand other{id, asked, of("A", 1)};
  EXPECT_EQ(done(process_->refunds.request(std::move(other))).outcome,
            RefundRequestOutcome::conflict);
  const auto another_order = place_and_settle("u-1", {{"A", 1}});
  flows::RefundCommand elsewhere{another_order, asked, {}};
  EXPECT_EQ(done(process_->refunds.request(std::move(elsewhere))).outcome,
            RefundRequestOutcome::conflict);
}

TEST_F(RefundTest, AskedForAtTheSameTimeAreJudgedEachByItself) {
  open_shop({{"A", 10}});
  const auto first = place_and_settle("u-1", {{"A", 2}});
  const auto second = place_and_settle("u-2", {{"A", 1}});
  const auto third = place_and_settle("u-3", {{"A", 1}});
  const auto taken = ask(third, of("A", 1));
  const auto early = place("u-4", {{"A", 1}});
  const RefundId twice{process_->ids.next()};
  const OrderId nobodys{process_->ids.next()};
  std::vector<flows::RefundCommand> commands{{first, RefundId{process_->ids.next()}, of("A", 1)},
                                             {first, twice, of("A", 1)},
                                             {first, twice, of("A", 1)},
                                             {first, RefundId{process_->ids.next()}, of("A", 1)},
                                             {second, taken, of("A", 1)},
                                             {nobodys, RefundId{process_->ids.next()}, {}},
                                             {early, RefundId{process_->ids.next()}, {}}};
  std::vector<boost::asio::awaitable<flows::Outcome<flows::RefundAnswer>>> requests;
  for (auto& command : commands) {
    requests.push_back(process_->refunds.request(std::move(command)));
  }
  const auto answers = run(async::gather(std::move(requests)));
  std::vector<RefundRequestOutcome> outcomes;
  for (const auto& answer : answers) outcomes.push_back(answer.value().outcome);
  using enum RefundRequestOutcome;
  EXPECT_THAT(outcomes, testing::ElementsAre(accepted, accepted, replayed, refund_exceeds_order,
                                             conflict, unknown_order, accepted));
}

TEST_F(RefundTest, IsReversedOnceHoweverOftenItIsWoken) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 2}});
  const auto asked = ask(id);
  for (int i = 0; i < 3; ++i) wake(id, asked);
  auto wakes = take(queues::refunds, 4);
  std::size_t ended_workers = 0;
  std::vector<std::unique_ptr<flows::RefundWorker>> workers;
  for (auto& delivery : wakes) {
    auto& p = *process_;
    workers.push_back(std::make_unique<flows::RefundWorker>(
        flows::RefundWorker::Ports{p.ledger, p.book, p.bus, p.clock, p.ids, p.writer, p.finisher},
        Process::worker_options({})));
    std::vector<Delivery> one{std::move(delivery)};
    boost::asio::co_spawn(*p.loop, workers.back()->handle(std::move(one)),
                          [&](std::exception_ptr thrown) { ended_workers += thrown ? 0 : 1; });
  }
  ASSERT_TRUE(eventually([&] { return ended_workers == 4; }));
  EXPECT_EQ(stores_.ask_book("select count(*) from stock_journal where kind = 'refund'"), "1");
  expect_given_back_once(id);
}

TEST_F(RefundTest, WhoseReleaseWasLostIsReleasedOnceByTheSweep) {
  for (const auto fault : {Fault::crash_before, Fault::crash_after}) {
    if (fault == Fault::crash_before) open_shop({{"A", 10}, {"B", 10}});
    const std::string sku = fault == Fault::crash_before ? "A" : "B";
    const auto asked = ask(place_and_settle("u-1", {{sku, 2}}));
    faults().next("ledger.give_back", fault);
    dies(process_->refund_worker.handle(take(queues::refunds, 1)));
    EXPECT_EQ(available(sku), fault == Fault::crash_before ? 8 : 10);
    crash();
    clock_.advance(flows::limits::kSweepGrace + Milliseconds{1000});
    step(process_->sweep.sweep_once());
    EXPECT_EQ(available(sku), 10);
    EXPECT_TRUE(refund(asked).stock_released);
    step(process_->sweep.sweep_once());
    work();  // the message, delivered again
    EXPECT_EQ(available(sku), 10);
    EXPECT_EQ(stock(sku).returned, 2);
  }
  expect_at_rest();
}

TEST_F(RefundTest, WhoseReversalCommittedUnheardIsNotReversedAgain) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 2}});
  const auto asked = ask(id);
  faults().next("book.update", Fault::fail_after);
  work();
  EXPECT_EQ(refund(asked).status, RefundStatus::refunded);
  clock_.advance(flows::limits::kSweepGrace + Milliseconds{1000});
  step(process_->sweep.sweep_once());
  expect_given_back_once(id);
}

TEST_F(RefundTest, WhoseMessageWasLostIsWokenByTheSweep) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 2}});
  ASSERT_TRUE(outbox_empty());
  faults().next("bus.publish", Fault::fail_before);
  ask(id);
  clock_.advance(kDelay + flows::limits::kSweepGrace + Milliseconds{1000});
  step(process_->sweep.sweep_once());
  work();
  expect_given_back_once(id);
}

TEST_F(RefundTest, OfAnOrderThatEndsCancelledIsVoid) {
  open_shop({{"A", 10}});
  const auto id = place("u-1", {{"A", 2}});
  auto order_message = take_orders(1);
  const auto asked = ask(id);
  book_refuses("orders", "new.status <> 'cancelled'");
  step(process_->settlement.handle(std::move(order_message)));
  EXPECT_EQ(status(id), OrderStatus::cancelled);
  work();
  EXPECT_EQ(refund(asked).status, RefundStatus::void_);
  EXPECT_EQ(stock("A").returned, 0);
  EXPECT_EQ(available("A"), 10);
  expect_at_rest();
}

class RefundOfALostOrder : public RefundTest {
 protected:
  /// An order that Redis alone had, its refund asked for, and Redis empty then.
  void lose_an_order() {
    open_shop({{"A", 10}});
    faults().next("bus.publish", Fault::fail_before);
    id_ = place("u-1", {{"A", 2}});
    if (!eventually([&] { return faults().count("bus.publish") == 1; })) {
      throw std::runtime_error("the order was not published in vain");
    }
    asked_ = ask(id_);
    stores_.lose_redis();
    process_->guard.doubt("a test");
    rebuild();
  }

  OrderId id_;
  RefundId asked_;
};

TEST_F(RefundOfALostOrder, IsHeldUntilItsDeadline) {
  lose_an_order();
  for (const std::uint32_t checks : {1U, 2U}) {
    clock_.advance(kDelay);
    work();
    EXPECT_EQ(refund(asked_).status, RefundStatus::waiting);
    EXPECT_EQ(refund(asked_).checks, checks);
    EXPECT_GT(*refund(asked_).next_check_at, clock_.now());
  }
  clock_.advance(StepPolicy{}.order_deadline + flows::limits::kClockSkew);
  work();
  EXPECT_EQ(refund(asked_).status, RefundStatus::void_);
  EXPECT_THAT(refund(asked_).error.value_or(""), HasSubstr("lost"));
  EXPECT_FALSE(refund(asked_).next_check_at);
  EXPECT_EQ(available("A"), 10);
  expect_at_rest();
}

TEST_F(RefundOfALostOrder, AskedForAgainIsTheSame) {
  lose_an_order();
  flows::RefundCommand same{id_, asked_, {}};
  EXPECT_EQ(done(process_->refunds.request(std::move(same))).outcome,
            RefundRequestOutcome::replayed);
  flows::RefundCommand other{id_, asked_, of("A", 1)};
  EXPECT_EQ(done(process_->refunds.request(std::move(other))).outcome,
            RefundRequestOutcome::conflict);
  flows::RefundCommand never{id_, RefundId{process_->ids.next()}, {}};
  EXPECT_EQ(done(process_->refunds.request(std::move(never))).outcome,
            RefundRequestOutcome::unknown_order);
}

TEST_F(RefundTest, OfAnOrderThatIsDiscardedIsVoid) {
  open_shop({{"A", 10}});
  const auto id = place("u-1", {{"A", 2}});
  auto order_message = take_orders(1);
  const auto asked = ask(id);
  book_refuses("orders", "true");
  step(process_->settlement.handle(std::move(order_message)));
  ASSERT_TRUE(record_parked(1));
  book_refuses_no_more("orders");
  EXPECT_TRUE(done(process_->parked.discard(parked().at(0).id, "a test", "a test")));
  work();  // the delayed message
  EXPECT_EQ(refund(asked).status, RefundStatus::void_);
  EXPECT_EQ(available("A"), 10);
  expect_at_rest();
}

TEST_F(RefundTest, PartsOfAnOrderMakeItWhole) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 3}});
  const auto first = ask(id, of("A", 1));
  const auto second = ask(id, of("A", 1, false));
  const auto rest = ask(id);
  work(3);  // in one batch, three of one order
  for (const auto asked : {first, second, rest}) {
    EXPECT_EQ(refund(asked).status, RefundStatus::refunded);
    EXPECT_EQ(refund(asked).amount, (Money{kPrice}));
  }
  EXPECT_EQ(status(id), OrderStatus::refunded);
  EXPECT_EQ(order(id)->refunded_amount, (Money{3 * kPrice}));
  EXPECT_EQ(stock("A").returned, 2);
  EXPECT_EQ(available("A"), 9);
  EXPECT_EQ(points("u-1"), 0);
  expect_at_rest();
}

TEST_F(RefundTest, GivesTheBuyersPurchaseLimitBackEvenForUnitsKeptOffSale) {
  open_shop({{"A", 10}});
  set_stock("A", 10, std::optional<std::int64_t>(2));
  const auto id = place_and_settle("u-1", {{"A", 2}});
  EXPECT_EQ(try_place("u-1", {{"A", 1}}).outcome, flows::PlaceOutcome::limit_exceeded);
  ask(id, of("A", 1, false));
  work();
  EXPECT_EQ(bought("A", "u-1"), "1");
  place_and_settle("u-1", {{"A", 1}});
  EXPECT_EQ(bought("A", "u-1"), "2");
  expect_at_rest();
}

TEST_F(RefundTest, OneThatTheBookRefusesDoesNotStopTheOthers) {
  open_shop({{"A", 10}});
  std::vector<RefundId> asked;
  for (int i = 0; i < 5; ++i) asked.push_back(ask(place_and_settle("u-1", {{"A", 1}})));
  const auto bad = asked[3];
  book_refuses("refunds", "new.status = 'refunded' and new.refund_id = '" + bad.to_string() + "'");
  work(5);
  for (const auto id : asked) {
    EXPECT_EQ(refund(id).status,
              id == bad ? RefundStatus::needs_attention : RefundStatus::refunded);
  }
  EXPECT_EQ(available("A"), 9);
  EXPECT_EQ(stock("A").returned, 4);
}

class ParkedRefund : public RefundTest {
 protected:
  void SetUp() override {
    open_shop({{"A", 10}});
    order_id_ = place_and_settle("u-1", {{"A", 2}});
    refund_id_ = ask(order_id_);
    book_refuses("refunds", "new.status = 'refunded'");
    work();
    ASSERT_EQ(refund(refund_id_).status, RefundStatus::needs_attention);
    ASSERT_TRUE(record_parked(1));
    book_refuses_no_more("refunds");
  }

  OrderId order_id_;
  RefundId refund_id_;
};

TEST_F(ParkedRefund, IsShownToOperators) {
  const auto message = parked().at(0);
  EXPECT_EQ(message.queue, queues::refunds);
  EXPECT_EQ(message.reason, "attempts_exhausted");
  EXPECT_EQ(message.order_id, order_id_);
  EXPECT_EQ(message.refund_id, refund_id_);
  EXPECT_EQ(available("A"), 8);
  EXPECT_EQ(status(order_id_), OrderStatus::completed);
}

TEST_F(ParkedRefund, IsToldToOtherSystemsOnce) {
  wake_and_work(order_id_, refund_id_);
  const auto events = done(process_->book.pending_events(100));
  EXPECT_EQ(
      std::count_if(events.begin(), events.end(),
                    [](const Event& event) { return event.type == "refund.needs_attention"; }),
      1);
}

TEST_F(ParkedRefund, StaysUntilItIsRetriedWhateverElseWakesIt) {
  clock_.advance(std::chrono::minutes(1));
  step(process_->sweep.sweep_once());
  wake_and_work(order_id_, refund_id_);
  EXPECT_EQ(refund(refund_id_).status, RefundStatus::needs_attention);
  EXPECT_EQ(stock("A").returned, 0);
}

TEST_F(ParkedRefund, IsRefundedAfterARetry) {
  EXPECT_EQ(done(process_->parked.retry({}, "a test")), 1U);
  work();
  EXPECT_EQ(refund(refund_id_).status, RefundStatus::refunded);
  EXPECT_THAT(parked(), IsEmpty());
  expect_given_back_once(order_id_);
}

TEST_F(ParkedRefund, FailsWhenItIsDiscardedAndLeavesItsUnitsToAnother) {
  EXPECT_TRUE(done(process_->parked.discard(parked().at(0).id, "no money", "a test")));
  EXPECT_EQ(refund(refund_id_).status, RefundStatus::failed);
  EXPECT_EQ(refund(refund_id_).error, "no money");
  EXPECT_THAT(parked(), IsEmpty());
  EXPECT_EQ(stores_.ask_book("select actor || ' ' || action from audit where action like "
                             "'parked.%'"),
            "a test parked.discard");
  EXPECT_EQ(faults().count("book.remove_parked"), 0) << "it is one transaction with the effect";
  ask(order_id_);
  work();
  expect_given_back_once(order_id_);
}

}  // namespace
}  // namespace holdfast::testing
