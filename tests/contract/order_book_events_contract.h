#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <set>

#include "tests/contract/order_book_fixture.h"

namespace holdfast::testing {

/// What other systems are told: kept with the change it speaks of until it is published.
class OrderBookEventsContract : public OrderBookSuite {
 protected:
  static Event event(std::uint64_t number, const std::string& type = "order.completed") {
    Event event;
    event.id = uuid(0xee, number);
    event.type = type;
    event.body = R"({"id":")" + std::to_string(number) + "\",\"text\":\"\xe5\xa4\xaa\"}";
    event.at = at(static_cast<std::int64_t>(number));
    return event;
  }
  std::vector<Event> pending(std::size_t limit = 1'000) {
    return done(book_->pending_events(limit));
  }
  std::vector<Uuid> pending_ids() {
    std::vector<Uuid> ids;
    for (const auto& one : pending()) ids.push_back(one.id);
    return ids;
  }
  void forget_events() { done(book_->delete_events(pending_ids())); }
  /// A book with 1,000 units of "sku", one order and no event.
  void open_quietly() {
    open();
    settle(order(1));
    forget_events();
  }
  void tell(std::vector<Event> events) {
    OrderChange change;
    change.events = std::move(events);
    write(1, std::move(change));
  }
  BeginStockChangeOutcome adjust(const std::string& id, std::int64_t delta,
                                 const std::string& sku = "sku") {
    BeginStockChange change;
    change.change_id = ChangeId{id};
    change.sku = Sku{sku};
    change.delta = delta;
    change.at = at(5);
    return done(book_->begin_stock_change(change)).outcome;
  }
  void finish(const std::string& id, bool applied) {
    done(book_->finish_stock_change(ChangeId{id}, applied));
  }
  static StockMovement back_on_sale(std::int64_t units) {
    StockMovement movement;
    movement.sku = Sku{"sku"};
    movement.delta = units;
    movement.returned = units;
    movement.kind = MovementKind::refund;
    movement.cause_id = refund_id(1).to_string();
    movement.at = at(60);
    return movement;
  }
  /// "stock.sold_out sku 0" of each pending event, which are forgotten.
  std::vector<std::string> told() {
    std::vector<std::string> words;
    for (const auto& one : pending()) {
      const auto body = boost::json::parse(one.body);
      words.push_back(one.type + " " + std::string(body.at("subject").as_string()) + " " +
                      boost::json::serialize(body.at("data").at("on_hand")));
    }
    forget_events();
    return words;
  }
  using Words = std::vector<std::string>;
};

TEST_P(OrderBookEventsContract, an_event_is_pending_from_its_change_until_it_is_deleted) {
  open_quietly();
  tell({event(1)});
  for (int i = 0; i < 2; ++i) {
    const auto found = pending();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id, event(1).id);
    EXPECT_EQ(found[0].type, event(1).type);
    EXPECT_EQ(found[0].body, event(1).body);
    EXPECT_EQ(found[0].at, event(1).at);
    EXPECT_EQ(done(book_->backlog()).unpublished_events, 1);
  }
  for (int i = 0; i < 2; ++i) {
    done(book_->delete_events({event(1).id, event(9).id}));
    EXPECT_TRUE(pending().empty());
  }
  EXPECT_EQ(done(book_->backlog()).unpublished_events, 0);
}

TEST_P(OrderBookEventsContract, events_come_in_the_order_written_whatever_their_times) {
  open_quietly();
  tell({event(5), event(2)});
  tell({event(3)});
  tell({event(1), event(4)});
  EXPECT_EQ(pending_ids(),
            (std::vector<Uuid>{event(5).id, event(2).id, event(3).id, event(1).id, event(4).id}));
  EXPECT_EQ(pending(2).size(), 2U);
  EXPECT_EQ(pending(2)[1].id, event(2).id);
  done(book_->delete_events({event(2).id}));
  EXPECT_EQ(pending(2)[1].id, event(3).id);
}

TEST_P(OrderBookEventsContract, the_same_event_twice_is_one) {
  open_quietly();
  tell({event(1)});
  auto other = event(1, "refund.waiting");
  other.body = "{}";
  tell({other, event(2)});
  EXPECT_EQ(pending_ids(), (std::vector<Uuid>{event(1).id, event(2).id}));
  EXPECT_EQ(pending()[0].body, event(1).body);
}

TEST_P(OrderBookEventsContract, a_change_that_is_refused_tells_nothing) {
  open_quietly();
  expect_constraint(book_->update(refs({1}), [](const OrderAggregate& aggregate) {
    OrderChange change;
    change.order = aggregate.order;
    change.order->refunded_amount = aggregate.order.amount + Money{1};
    change.events = {event(1)};
    return change;
  }));
  EXPECT_TRUE(pending().empty());
}

TEST_P(OrderBookEventsContract, an_early_refund_may_tell_before_its_order_is_there) {
  begin_generation();
  const std::vector<OrderRef> early{OrderRef{order_id(1), accepted(order(1))}};
  update(early, [](const OrderAggregate&) {
    OrderChange change;
    change.refunds = {refund(1, order_id(1))};
    change.events = {event(1, "refund.waiting")};
    return change;
  });
  EXPECT_EQ(pending_ids(), std::vector<Uuid>{event(1).id});
}

TEST_P(OrderBookEventsContract, the_order_that_takes_the_last_unit_makes_the_sku_sold_out) {
  open();
  load("scarce", 5);
  forget_events();
  settle(order(1, {line("scarce", 4), line("sku", 1)}));
  EXPECT_EQ(told(), Words{});
  settle(order(2, {line("scarce", 1), line("sku", 1)}));
  EXPECT_EQ(told(), Words{"stock.sold_out scarce 0"});
  settle(order(2, {line("scarce", 1), line("sku", 1)}));  // a redelivery
  EXPECT_EQ(told(), Words{});
}

TEST_P(OrderBookEventsContract, a_batch_that_takes_the_last_units_of_skus_tells_once_of_each) {
  open();
  load("a", 3);
  load("b", 2);
  forget_events();
  settle(batch_of({order(1, {line("a", 1)}), order(2, {line("a", 2), line("b", 1)}),
                   order(3, {line("b", 1), line("sku", 1)})}));
  const auto words = told();
  EXPECT_EQ(std::multiset<std::string>(words.begin(), words.end()),
            (std::multiset<std::string>{"stock.sold_out a 0", "stock.sold_out b 0"}));
}

TEST_P(OrderBookEventsContract, a_settlement_that_is_refused_tells_nothing) {
  open();
  load("scarce", 1);
  forget_events();
  expect_constraint(
      book_->settle(batch_of({order(1, {line("scarce", 1)}), order(2, {line("scarce", 1)})})));
  EXPECT_EQ(told(), Words{});
}

TEST_P(OrderBookEventsContract, a_stock_event_is_a_cloud_event) {
  open();
  load("last \"one\" \xe5\xa4\xaa", 1);
  forget_events();
  auto last = order(1, {line("last \"one\" \xe5\xa4\xaa", 1)});
  settle(last);
  const auto found = pending();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].at, last.placed_at);
  const auto body = boost::json::parse(found[0].body).as_object();
  const auto text = [&body](const char* member) {
    return boost::json::value_to<std::string>(body.at(member));
  };
  EXPECT_EQ(text("specversion"), "1.0");
  EXPECT_EQ(text("id"), found[0].id.to_string());
  EXPECT_EQ(text("source"), "/holdfast/holdfast");
  EXPECT_EQ(text("type"), "stock.sold_out");
  EXPECT_EQ(found[0].type, "stock.sold_out");
  EXPECT_EQ(text("subject"), last.lines[0].sku.value);
  EXPECT_EQ(text("time"), "2023-11-14T22:13:21.123Z");  // kNoon and a second
  EXPECT_EQ(text("datacontenttype"), "application/json");
  const auto expected_data = boost::json::object{{"sku", last.lines[0].sku.value}, {"on_hand", 0}};
  EXPECT_EQ(body.at("data"), boost::json::value(expected_data));
  EXPECT_EQ(body.size(), 8U);
}

TEST_P(OrderBookEventsContract, a_new_skus_first_stock_is_told_and_more_of_it_is_not) {
  begin_generation();
  load("empty", 0);
  EXPECT_EQ(told(), Words{});
  load("sku", 7);
  EXPECT_EQ(told(), Words{"stock.restocked sku 7"});
  load("sku", 9);
  EXPECT_EQ(told(), Words{});
  load("empty", 3);
  EXPECT_EQ(told(), Words{"stock.restocked empty 3"});
}

TEST_P(OrderBookEventsContract, an_adjustment_tells_when_it_takes_effect) {
  open_quietly();  // 999 on hand
  ASSERT_EQ(adjust("down", -999), BeginStockChangeOutcome::begun);
  EXPECT_EQ(told(), Words{}) << "what is taken is taken at the end";
  finish("down", true);
  EXPECT_EQ(told(), Words{"stock.sold_out sku 0"});
  finish("down", true);
  EXPECT_EQ(told(), Words{});
  ASSERT_EQ(adjust("up", 4), BeginStockChangeOutcome::begun);
  EXPECT_EQ(told(), Words{"stock.restocked sku 4"});
  finish("up", false);  // taken back
  EXPECT_EQ(told(), Words{"stock.sold_out sku 0"});
}

TEST_P(OrderBookEventsContract, units_that_come_back_restock_a_sku_that_was_sold_out) {
  open();
  settle(order(1, {line("sku", 1'000)}));
  EXPECT_EQ(told(), (Words{"stock.restocked sku 1000", "stock.sold_out sku 0"}));
  OrderChange change;
  change.events = {event(1, "order.completed")};
  change.events[0].body = R"({"subject":"o","data":{"on_hand":null}})";
  change.stock = {back_on_sale(2), back_on_sale(1)};
  write(1, change);
  // Both stand in one transaction; which comes first is the adapter's.
  const auto words = told();
  EXPECT_EQ(std::multiset<std::string>(words.begin(), words.end()),
            (std::multiset<std::string>{"order.completed o null", "stock.restocked sku 3"}));
  change.events.clear();
  write(1, change);
  EXPECT_EQ(told(), Words{});
}

}  // namespace holdfast::testing
