#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "tests/stack/flow_fixture.h"

// From the outbox to the book: the publisher, the settlement, and orders of a ledger that was lost.

namespace holdfast::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SettlementTest : public FlowTest {
 protected:
  void handle(std::vector<Delivery> deliveries) {
    step(process_->settlement.handle(std::move(deliveries)));
  }
  /// Sends one body to the orders queue as it is.
  void send(std::string body) {
    std::vector<OutgoingMessage> messages(1);
    messages[0].queue = queues::orders;
    messages[0].id = MessageId{process_->ids.next()};
    messages[0].body = std::move(body);
    done(process_->bus.publish(std::move(messages)));
  }
  flows::RefundAnswer ask_refund(OrderId order_id) {
    flows::RefundCommand command{order_id, RefundId{process_->ids.next()}, {}};
    return done(process_->refunds.request(std::move(command)));
  }
  /// The worker runs by itself from here on.
  void start_worker() {
    async::spawn(process_->loop->get_executor(), process_->settlement.run(), "the worker");
  }
  /// An order is on its way to the book when Redis loses everything and is rebuilt.
  std::vector<Delivery> lose_redis_with_an_order_under_way() {
    auto under_way = take_orders(1);
    stores_.lose_redis();
    process_->guard.doubt("a test");
    step(process_->guard.verify());
    EXPECT_TRUE(process_->guard.needs_rebuild());
    rebuild();
    return under_way;
  }
  static std::string refuses(OrderId id) { return "new.order_id = '" + id.to_string() + "'::uuid"; }
};

TEST_F(SettlementTest, SettlesABatchOfManyInOneTransaction) {
  open_shop({{"A", 1000}, {"B", 1000}});
  std::vector<OrderId> ids;
  for (int i = 0; i < 40; ++i) {
    ids.push_back(place("u-" + std::to_string(i % 4), {{"A", 2}, {"B", 1}}));
  }
  EXPECT_EQ(level("A").reserved, 80);
  faults().forget_calls();
  settle(40);
  for (const auto id : ids) EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(available("A"), 920);
  EXPECT_EQ(available("B"), 960);
  EXPECT_EQ(stock("A").sold, 80);
  EXPECT_EQ(stock("B").sold, 40);
  EXPECT_EQ(points("u-3"), 10 * 30);
  EXPECT_EQ(faults().count("book.settle"), 1);
  expect_at_rest();
}

TEST_F(SettlementTest, WritesTheBookThenTellsThenAcksThenMarksTheLedger) {
  open_shop({{"A", 10}});
  place("u-1", {{"A", 1}});
  auto deliveries = take_orders(1);
  ASSERT_TRUE(outbox_empty());
  faults().forget_calls();
  handle(std::move(deliveries));
  // It tells of two types of events, each by itself: there may be nobody who listens to it.
  EXPECT_THAT(faults().calls(),
              ElementsAre("book.settle", "bus.publish", "bus.publish", "bus.ack", "ledger.settle"));
}

TEST_F(SettlementTest, OneBadOrderOf64IsCancelledAloneAndGivesItsStockBack) {
  open_shop({{"A", 100}});
  std::vector<OrderId> ids;
  for (int i = 0; i < 64; ++i) ids.push_back(place("u-1", {{"A", 1}}));
  const auto bad = ids[37];
  book_refuses("orders", refuses(bad) + " and new.status <> 'cancelled'");
  settle(64);
  for (const auto id : ids) {
    EXPECT_EQ(status(id), id == bad ? OrderStatus::cancelled : OrderStatus::completed);
  }
  EXPECT_EQ(order(bad)->reason, CancelReason::stock_mismatch);
  EXPECT_EQ(process_->settlement.mismatch_count(), 1U);
  EXPECT_EQ(process_->settlement.settled_count(), 63U);
  EXPECT_EQ(available("A"), 37);
  EXPECT_EQ(stock("A").sold, 63);
  EXPECT_EQ(points("u-1"), 630);
  expect_at_rest();
}

TEST_F(SettlementTest, StockThatTheBookHasNotCancelsTheOrderThatWantsIt) {
  open_shop({{"A", 10}, {"B", 0}});
  stores_.ask_redis({"HINCRBY", stores_.redis_key("available"), "B", "1"});
  const auto good = place("u-1", {{"A", 1}});
  const auto bad = place("u-2", {{"A", 1}, {"B", 1}});
  settle(2);
  EXPECT_EQ(status(good), OrderStatus::completed);
  EXPECT_EQ(status(bad), OrderStatus::cancelled);
  EXPECT_EQ(stock("A").sold, 1);
  EXPECT_EQ(stock("B").sold, 0);
  EXPECT_EQ(available("A"), 9);
  EXPECT_EQ(level("A").reserved, 0);
  EXPECT_EQ(level("B").reserved, 0);
}

TEST_F(SettlementTest, AMessageThatCannotBeReadIsParkedOnceAndRecorded) {
  open_shop({{"A", 10}});
  send("not JSON");
  send("not JSON");
  send(R"({"v":1,"orders":[{"order":{}}]})");
  const auto good = place("u-1", {{"A", 1}});
  handle(take(queues::orders, 4));
  EXPECT_EQ(status(good), OrderStatus::completed);
  ASSERT_TRUE(record_parked(2));
  for (const auto& message : parked()) {
    EXPECT_EQ(message.reason, "undecodable");
    EXPECT_EQ(message.queue, queues::orders);
  }
  EXPECT_EQ(stores_.ask_book("select count(*) from parked where convert_from(body, 'UTF8') = "
                             "'not JSON'"),
            "1");
  expect_at_rest();
}

TEST_F(SettlementTest, TheSameOrderTwiceInOneBatchIsSettledOnce) {
  open_shop({{"A", 10}});
  const auto id = place("u-1", {{"A", 2}});
  auto deliveries = take_orders(1);
  send(deliveries.front().body);
  auto again = take_orders(1);
  deliveries.push_back(std::move(again.front()));
  handle(std::move(deliveries));
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(stock("A").sold, 2);
  EXPECT_EQ(available("A"), 8);
  EXPECT_EQ(points("u-1"), 20);
  EXPECT_EQ(process_->settlement.settled_count(), 1U);
  expect_at_rest();
}

TEST_F(SettlementTest, AnotherReservationOfAStandingOrderIsReleased) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 2}});
  stores_.ask_redis({"DEL", stores_.redis_key("journal:" + id.to_string())});
  EXPECT_EQ(try_place("u-1", {{"A", 2}}, id).outcome, flows::PlaceOutcome::replayed);
  EXPECT_EQ(available("A"), 6);
  settle();
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(stock("A").sold, 2);
  EXPECT_EQ(available("A"), 8);
  expect_at_rest();
}

TEST_F(SettlementTest, ARedeliveryAfterTheCommitChangesNothingAndMarks) {
  open_shop({{"A", 10}});
  const auto id = place("u-1", {{"A", 2}});
  faults().next("bus.ack", Fault::crash_before);
  dies(process_->settlement.handle(take_orders(1)));
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(ledger_state().unsettled, 1);
  crash();
  settle();
  EXPECT_EQ(process_->settlement.settled_count(), 0U);
  EXPECT_EQ(stock("A").sold, 2);
  EXPECT_EQ(points("u-1"), 20);
  expect_at_rest();
}

TEST_F(SettlementTest, ARepeatIsKnownAlthoughAnotherContentIsInTheJournal) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 2}});
  stores_.ask_redis({"DEL", stores_.redis_key("journal:" + id.to_string())});
  // Taken for new by the ledger, known to the book.
  EXPECT_EQ(try_place("u-1", {{"A", 3}}, id).outcome, flows::PlaceOutcome::conflict);
  EXPECT_EQ(try_place("u-1", {{"A", 2}}, id).outcome, flows::PlaceOutcome::replayed);
  EXPECT_EQ(try_place("u-1", {{"A", 3}}, id).outcome, flows::PlaceOutcome::conflict);
  settle();
  EXPECT_EQ(available("A"), 8);
  expect_at_rest();
}

TEST_F(SettlementTest, ARepeatOfAPlanThatIsGoneIsKnownToTheBook) {
  open_shop({{"A", 10}});
  const auto id = place_and_settle("u-1", {{"A", 2}});
  stores_.ask_redis({"DEL", stores_.redis_key("journal:" + id.to_string())});
  flows::PlaceCommand command;
  command.request = order_request("u-1", {{"A", 2}});
  command.request.plan = PlanName{"gone"};
  command.order_id = id;
  command.id_from_client = true;
  EXPECT_EQ(run(process_->admission.place(command)).outcome, flows::PlaceOutcome::conflict);
  command.order_id = OrderId{process_->ids.next()};
  EXPECT_EQ(run(process_->admission.place(command)).outcome, flows::PlaceOutcome::unknown_plan);
}

TEST_F(SettlementTest, ACommitWhoseAnswerIsLostIsNotRepeated) {
  open_shop({{"A", 10}});
  const auto id = place("u-1", {{"A", 2}});
  faults().next("book.settle", Fault::fail_after);
  settle();
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(stock("A").sold, 2);
  expect_at_rest();
}

TEST_F(SettlementTest, MarksThatWereLostAfterTheAckAreMadeUpForByTheSweep) {
  open_shop({{"A", 10}});
  place("u-1", {{"A", 2}});
  faults().next("ledger.settle", Fault::crash_before);
  dies(process_->settlement.handle(take_orders(1)));
  crash();
  EXPECT_EQ(ledger_state().unsettled, 1);
  start_worker();
  clock_.advance(flows::limits::kUnsettledAge + Milliseconds{1000});
  ASSERT_TRUE(eventually([&] {
    step(process_->sweep.sweep_once());
    return ledger_state().unsettled == 0;
  }));
  EXPECT_EQ(stock("A").sold, 2);
  expect_at_rest();
}

TEST_F(SettlementTest, AReleaseThatWasLostAfterTheAckIsMadeUpForByTheSweep) {
  open_shop({{"A", 10}});
  const auto bad = place("u-1", {{"A", 2}});
  book_refuses("orders", refuses(bad) + " and new.status <> 'cancelled'");
  faults().next("ledger.give_back", Fault::crash_before);
  dies(process_->settlement.handle(take_orders(1)));
  crash();
  EXPECT_EQ(available("A"), 8);
  start_worker();
  clock_.advance(flows::limits::kUnsettledAge + Milliseconds{1000});
  ASSERT_TRUE(eventually([&] {
    step(process_->sweep.sweep_once());
    return ledger_state().unsettled == 0;
  }));
  EXPECT_EQ(status(bad), OrderStatus::cancelled);
  EXPECT_EQ(available("A"), 10);
  expect_at_rest();
}

TEST_F(SettlementTest, AFollowOnThatIsNotConfirmedIsSentAgainBeforeTheAck) {
  open_shop({{"A", 10}});
  const auto id = place("u-1", {{"A", 2}});
  auto deliveries = take_orders(1);
  ASSERT_TRUE(outbox_empty());
  const auto refund = ask_refund(id);
  ASSERT_EQ(refund.refund->status, RefundStatus::waiting);
  faults().forget_calls();
  process_->bus.forget_sent();
  faults().next("bus.publish", Fault::fail_before);
  faults().next("bus.publish", Fault::fail_after);
  handle(std::move(deliveries));
  // The wake-up three times, then what others are told.
  EXPECT_THAT(faults().calls(),
              ElementsAre("book.settle", "bus.publish", "bus.publish", "bus.publish", "bus.publish",
                          "bus.publish", "bus.ack", "ledger.settle"));
  const auto wakes = process_->bus.sent_to(queues::refunds);
  ASSERT_THAT(wakes, SizeIs(3));
  EXPECT_EQ(wakes[0].id, wakes[1].id);
  EXPECT_EQ(wakes[1].id, wakes[2].id);
  EXPECT_FALSE(wakes[0].delay);
}

// --- Orders of a ledger that was lost ---

TEST_F(SettlementTest, AnOrderOfALostLedgerTakesItsStockAnew) {
  open_shop({{"A", 3}});
  const auto id = place("u-1", {{"A", 2}});
  auto under_way = lose_redis_with_an_order_under_way();
  EXPECT_EQ(available("A"), 3);
  handle(std::move(under_way));
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(available("A"), 1);
  EXPECT_EQ(stock("A").sold, 2);
  expect_at_rest();
}

TEST_F(SettlementTest, AnOrderOfALostLedgerIsCancelledWhenItsStockIsSold) {
  open_shop({{"A", 2}});
  const auto early = place("u-1", {{"A", 2}});
  auto under_way = lose_redis_with_an_order_under_way();
  const auto late = place("u-2", {{"A", 1}});
  handle(std::move(under_way));
  EXPECT_EQ(status(early), OrderStatus::cancelled);
  EXPECT_EQ(order(early)->reason, CancelReason::stock_mismatch);
  EXPECT_EQ(available("A"), 1);
  settle();
  EXPECT_EQ(status(late), OrderStatus::completed);
  EXPECT_EQ(available("A"), 1);
  EXPECT_EQ(stock("A").sold, 1);
  expect_at_rest();
}

TEST_F(SettlementTest, ACrashAfterStockWasTakenAnewTakesItNoSecondTime) {
  open_shop({{"A", 5}});
  const auto id = place("u-1", {{"A", 2}});
  auto under_way = lose_redis_with_an_order_under_way();
  faults().next("ledger.reserve", Fault::crash_after);
  dies(process_->settlement.handle(std::move(under_way)));
  crash();
  settle();
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(available("A"), 3);
  expect_at_rest();
}

TEST_F(SettlementTest, ACancellationWhoseReleaseWasLostWithTheLedgerInventsNoStock) {
  open_shop({{"A", 5}});
  const auto bad = place("u-1", {{"A", 2}});
  book_refuses("orders", refuses(bad) + " and new.status <> 'cancelled'");
  faults().next("bus.ack", Fault::crash_before);
  dies(process_->settlement.handle(take_orders(1)));
  EXPECT_EQ(status(bad), OrderStatus::cancelled);
  crash();
  handle(lose_redis_with_an_order_under_way());
  sweep_later();
  EXPECT_EQ(available("A"), 5);
  expect_at_rest();
}

TEST_F(SettlementTest, AnOrderOfALostLedgerWaitsWhileTheLedgerIsClosed) {
  open_shop({{"A", 3}});
  const auto id = place("u-1", {{"A", 2}});
  auto under_way = lose_redis_with_an_order_under_way();
  process_->guard.doubt("a test");
  handle(std::move(under_way));
  EXPECT_EQ(order(id), std::nullopt);
  step(process_->guard.verify());
  settle();
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(available("A"), 1);
  expect_at_rest();
}

TEST_F(SettlementTest, ABuyerWhoRepeatsAnOrderOfALostLedgerGetsItOnce) {
  open_shop({{"A", 5}});
  const auto id = place("u-1", {{"A", 2}});
  auto under_way = lose_redis_with_an_order_under_way();
  EXPECT_EQ(place("u-1", {{"A", 2}}, id), id);
  handle(std::move(under_way));
  settle();
  EXPECT_EQ(status(id), OrderStatus::completed);
  EXPECT_EQ(stock("A").sold, 2);
  EXPECT_EQ(available("A"), 3);
  expect_at_rest();
}

// --- Orders that the book refuses altogether ---

class RefusedOrder : public SettlementTest {
 protected:
  void SetUp() override {
    open_shop({{"A", 10}});
    id_ = place("u-1", {{"A", 2}});
    ASSERT_TRUE(outbox_empty());
    book_refuses("orders", refuses(id_));
  }
  Uuid parked_id() { return parked().at(0).id; }

  OrderId id_;
};

TEST_F(RefusedOrder, IsTriedAgainThenParked) {
  crash({.attempts = 3});
  settle();
  settle();
  EXPECT_THAT(process_->bus.sent_to(queues::parked), IsEmpty());
  settle();
  ASSERT_TRUE(record_parked(1));
  const auto message = parked().at(0);
  EXPECT_EQ(message.order_id, id_);
  EXPECT_EQ(message.attempts, 3U);
  EXPECT_EQ(message.reason, "attempts_exhausted");
  EXPECT_EQ(ledger_state().unsettled, 1);
}

TEST_F(RefusedOrder, CompletesAfterARetry) {
  settle();
  ASSERT_TRUE(record_parked(1));
  book_refuses_no_more("orders");
  EXPECT_EQ(done(process_->parked.retry({}, "a test")), 1U);
  settle();
  EXPECT_EQ(status(id_), OrderStatus::completed);
  EXPECT_THAT(parked(), IsEmpty());
  expect_at_rest();
}

TEST_F(RefusedOrder, IsCancelledWhenItIsDiscarded) {
  settle();
  ASSERT_TRUE(record_parked(1));
  book_refuses_no_more("orders");
  EXPECT_TRUE(done(process_->parked.discard(parked_id(), "a test", "a test")));
  EXPECT_EQ(status(id_), OrderStatus::cancelled);
  EXPECT_EQ(available("A"), 10);
  expect_at_rest();
}

TEST_F(RefusedOrder, IsCancelledWhenItIsDiscardedAfterTheLedgerWasRebuilt) {
  settle();
  ASSERT_TRUE(record_parked(1));
  book_refuses_no_more("orders");
  rebuild();
  EXPECT_TRUE(done(process_->parked.discard(parked_id(), "a test", "a test")));
  EXPECT_EQ(status(id_), OrderStatus::cancelled);
  EXPECT_EQ(available("A"), 10);
  expect_at_rest();
}

TEST_F(RefusedOrder, IsLeftToTheOperatorByTheSweep) {
  settle();
  ASSERT_TRUE(record_parked(1));
  clock_.advance(flows::limits::kUnsettledAge + Milliseconds{1000});
  process_->bus.forget_sent();
  for (int i = 0; i < 3; ++i) step(process_->sweep.sweep_once());
  EXPECT_THAT(process_->bus.sent_to(queues::orders), IsEmpty());
}

// --- Sold out ---

TEST_F(SettlementTest, WhatIsSoldOutIsNotAskedForAgainForAMoment) {
  open_shop({{"A", 1}});
  const OrderId bought{process_->ids.next()};
  place("u-1", {{"A", 1}}, bought);
  EXPECT_EQ(try_place("u-2", {{"A", 1}}).outcome, flows::PlaceOutcome::out_of_stock);
  faults().forget_calls();

  const auto answer = try_place("u-3", {{"A", 2}});
  EXPECT_EQ(answer.outcome, flows::PlaceOutcome::out_of_stock);
  ASSERT_THAT(answer.shortages, SizeIs(1));
  EXPECT_EQ(answer.shortages[0].requested, Quantity{2});
  EXPECT_EQ(answer.shortages[0].available, Quantity{0});
  EXPECT_EQ(try_place("u-3", {{"A", 2}}, OrderId{process_->ids.next()}).outcome,
            flows::PlaceOutcome::out_of_stock);
  EXPECT_EQ(faults().count("ledger.reserve"), 0);
  // The order that bought the last one is known, and so is what is not it.
  EXPECT_EQ(try_place("u-1", {{"A", 1}}, bought).outcome, flows::PlaceOutcome::replayed);
  EXPECT_EQ(try_place("u-1", {{"A", 2}}, bought).outcome, flows::PlaceOutcome::conflict);
  settle();
  ASSERT_TRUE(outbox_empty());
  EXPECT_EQ(try_place("u-1", {{"A", 1}}, bought).outcome, flows::PlaceOutcome::replayed);

  set_stock("A", 1);
  clock_.advance(flows::limits::kSoldOutFor);
  EXPECT_EQ(try_place("u-3", {{"A", 1}}).outcome, flows::PlaceOutcome::accepted);
  settle();
  expect_at_rest();
}

// --- The outbox ---

class Outbox : public SettlementTest {
 protected:
  using Answers = std::shared_ptr<std::vector<flows::PlaceAnswer>>;

  void SetUp() override {
    open_shop({{"A", 100}});
    start({.ack = flows::AckPolicy::queued});
  }
  /// Places without waiting for the answer.
  void begin_place() {
    flows::PlaceCommand command;
    command.request = order_request("u-1", {{"A", 1}});
    command.order_id = OrderId{process_->ids.next()};
    boost::asio::co_spawn(*process_->loop, process_->admission.place(std::move(command)),
                          [answers = answers_](std::exception_ptr thrown, flows::PlaceAnswer one) {
                            if (!thrown) answers->push_back(std::move(one));
                          });
  }
  [[nodiscard]] bool answered(std::size_t count) {
    return eventually([&] { return answers_->size() == count; });
  }
  std::vector<std::size_t> message_sizes() {
    std::vector<std::size_t> sizes;
    for (const auto& message : process_->bus.sent_to(queues::orders)) {
      sizes.push_back(orders_in(message.body));
    }
    return sizes;
  }

  Answers answers_ = std::make_shared<std::vector<flows::PlaceAnswer>>();
};

TEST_F(Outbox, OrdersGatheredDuringAConfirmGoOutAsOneMessage) {
  faults().hold("bus.publish");
  begin_place();
  ASSERT_TRUE(eventually([&] { return faults().count("bus.publish") == 1; }));
  for (int i = 0; i < 4; ++i) begin_place();
  ASSERT_TRUE(eventually([&] { return process_->publisher.pending() == 4; }));
  faults().let_go("bus.publish");
  ASSERT_TRUE(answered(5));
  for (const auto& answer : *answers_) EXPECT_EQ(answer.durability, flows::Durability::queued);
  EXPECT_THAT(message_sizes(), ElementsAre(1U, 4U));
  ASSERT_TRUE(outbox_empty());
  settle(5);
  expect_at_rest();
}

TEST_F(Outbox, KeepsAnOrderUntilItIsConfirmedAndAnswersInTimeWithoutIt) {
  faults().hold("bus.publish");
  begin_place();
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(answers_->front().outcome, flows::PlaceOutcome::accepted);
  EXPECT_EQ(answers_->front().durability, flows::Durability::reserved);
  EXPECT_EQ(ledger_state().outbox_length, 1);
  EXPECT_EQ(faults().count("ledger.delete_outbox"), 0);
  faults().let_go("bus.publish");
  ASSERT_TRUE(outbox_empty());
  settle();
  expect_at_rest();
}

TEST_F(Outbox, NobodyWaitsForAConfirmWhileNoneComes) {
  faults().hold("bus.publish");
  begin_place();
  ASSERT_TRUE(answered(1));
  const auto waited_until = clock_.now();
  begin_place();
  ASSERT_TRUE(answered(2));
  EXPECT_EQ(answers_->back().durability, flows::Durability::reserved);
  EXPECT_LT(clock_.now() - waited_until, Process::outbox_options().ack_timeout);
  faults().let_go("bus.publish");
  ASSERT_TRUE(outbox_empty());
  begin_place();
  ASSERT_TRUE(answered(3));
  EXPECT_EQ(answers_->back().durability, flows::Durability::queued);
  settle(3);
  expect_at_rest();
}

TEST_F(Outbox, MoreThanMayBeInFlightIsRefusedWithoutEffect) {
  start({.ack = flows::AckPolicy::queued, .max_in_flight = 2});
  faults().hold("bus.publish");
  for (int i = 0; i < 6; ++i) begin_place();
  ASSERT_TRUE(answered(4));
  for (const auto& answer : *answers_) {
    EXPECT_EQ(answer.outcome, flows::PlaceOutcome::overloaded);
  }
  EXPECT_EQ(available("A"), 98);
  faults().let_go("bus.publish");
  ASSERT_TRUE(answered(6));
  EXPECT_EQ(answers_->back().outcome, flows::PlaceOutcome::accepted);
  settle(2);
  expect_at_rest();
}

TEST_F(Outbox, WhatWasNotConfirmedIsPublishedByTheSweep) {
  faults().next("bus.publish", Fault::fail_before);
  begin_place();
  ASSERT_TRUE(answered(1));
  EXPECT_EQ(answers_->front().durability, flows::Durability::reserved);
  EXPECT_EQ(ledger_state().outbox_length, 1);
  clock_.advance(std::chrono::minutes(1));
  step(process_->sweep.sweep_once());
  EXPECT_EQ(ledger_state().outbox_length, 0);
  settle();
  EXPECT_EQ(status(answers_->front().order_id), OrderStatus::completed);
  expect_at_rest();
}

TEST_F(Outbox, AConfirmThatWasLostMakesADuplicateThatIsSettledOnce) {
  faults().next("bus.publish", Fault::fail_after);
  begin_place();
  ASSERT_TRUE(answered(1));
  clock_.advance(std::chrono::minutes(1));
  step(process_->sweep.sweep_once());
  settle(2);
  EXPECT_EQ(stock("A").sold, 1);
  EXPECT_EQ(process_->settlement.settled_count(), 1U);
  expect_at_rest();
}

TEST_F(Outbox, TheSweepLeavesYoungEntriesToTheirPublisher) {
  start({.ack = flows::AckPolicy::reserved});
  faults().next("bus.publish", Fault::fail_before);
  begin_place();
  ASSERT_TRUE(eventually([&] { return faults().count("bus.publish") == 1; }));
  step(process_->sweep.sweep_once());
  EXPECT_EQ(ledger_state().outbox_length, 1);
  EXPECT_EQ(faults().count("bus.publish"), 1);
}

}  // namespace
}  // namespace holdfast::testing
