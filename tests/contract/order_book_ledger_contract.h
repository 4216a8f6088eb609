#pragma once

#include <algorithm>

#include "domain/change_ids.h"
#include "tests/contract/order_book_fixture.h"

namespace holdfast::testing {

class OrderBookLedgerContract : public OrderBookSuite {
 protected:
  std::string high_water() { return done(book_->ledger_record())->high_water; }
  SettleOutcome settle_as(std::uint64_t number, const std::string& outbox_id,
                          const std::string& generation = kGeneration) {
    return outcome(settlement(order(number), generation, outbox_id));
  }
  static BookSnapshot::SkuSnapshot sku_of(const BookSnapshot& snapshot, const std::string& sku) {
    for (const auto& one : snapshot.skus) {
      if (one.stock.sku.value == sku) return one;
    }
    throw std::runtime_error("not in the snapshot: " + sku);
  }
};

TEST_P(OrderBookLedgerContract, a_new_book_has_no_generation) {
  EXPECT_FALSE(done(book_->ledger_record()));
  begin_generation("g-1");
  const auto record = done(book_->ledger_record());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->generation, "g-1");
  EXPECT_EQ(record->high_water, "");
  begin_generation("g-2");
  EXPECT_EQ(done(book_->ledger_record())->generation, "g-2");
}

TEST_P(OrderBookLedgerContract, the_high_water_mark_is_the_highest_of_the_generation) {
  open();
  settle_as(1, "1700000000000-9");
  EXPECT_EQ(high_water(), "1700000000000-9");
  settle_as(2, "1700000000000-10");
  EXPECT_EQ(high_water(), "1700000000000-10");
  settle_as(3, "999-99");
  settle_as(4, "");
  EXPECT_EQ(high_water(), "1700000000000-10");
  const auto other = factory_->attach(loop_);
  std::vector<Settlement> batch;
  batch.push_back(settlement(order(5), kGeneration, "1700000000001-0"));
  batch.push_back(settlement(order(6), kGeneration, "1700000000000-77"));
  done(other->settle(std::move(batch)));
  EXPECT_EQ(high_water(), "1700000000001-0");
  // Ids of a ledger that was lost say nothing about the present one.
  EXPECT_EQ(settle_as(7, "1800000000000-0", "lost"), SettleOutcome::stale_generation);
  EXPECT_EQ(high_water(), "1700000000001-0");
  EXPECT_EQ(settle_as(1, "1700000000002-0"), SettleOutcome::already_settled);
  EXPECT_EQ(high_water(), "1700000000002-0");
  begin_generation("generation-2");
  EXPECT_EQ(high_water(), "");
  settle_as(8, "5-0", "generation-2");
  EXPECT_EQ(high_water(), "5-0");
}

TEST_P(OrderBookLedgerContract, the_snapshot_has_stock_limits_and_what_users_bought) {
  open();
  load("limited", 100);
  done(book_->begin_limit_change(Sku{"limited"}, 5));
  auto partly = order(2, {line("limited", 3)}, "b");
  partly.status = OrderStatus::partially_refunded;
  partly.lines[0].refunded = Quantity{1};
  auto cancelled = order(3, {line("limited", 3)}, "c");
  cancelled.status = OrderStatus::cancelled;
  cancelled.reason = CancelReason::timed_out;
  settle(batch_of({completed(order(1, {line("limited", 1), line("sku", 4)}, "b")), partly,
                   cancelled, order(4, {line("limited", 2)}, "a")}));
  const auto snapshot = done(book_->begin_generation("g-2", kNoon, 0));
  ASSERT_EQ(snapshot.skus.size(), 2U);
  const auto limited = sku_of(snapshot, "limited");
  EXPECT_EQ(limited.stock.on_hand(), 91);
  EXPECT_EQ(limited.stock.purchase_limit, 5);
  std::map<std::string, std::int64_t> bought;
  for (const auto& one : limited.bought) bought[one.user_id.value] = one.units.units;
  EXPECT_EQ(bought, (std::map<std::string, std::int64_t>{{"a", 2}, {"b", 3}}));
  const auto free = sku_of(snapshot, "sku");
  EXPECT_EQ(free.stock.on_hand(), 996);
  EXPECT_TRUE(free.bought.empty());
}

TEST_P(OrderBookLedgerContract, the_snapshot_names_changes_by_whether_it_counts_them) {
  open();
  settle(order(1, {line("sku", 5)}));
  std::vector<Refund> refunds;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    refunds.push_back(refund(i, order_id(1)));
    refunds.back().status = i == 3 ? RefundStatus::reversing : RefundStatus::refunded;
    refunds.back().refunded_at = at(60);
    refunds.back().stock_released = i == 2;
  }
  write_refunds(1, refunds);
  for (const auto& [id, delta] : {std::pair("up", 5), std::pair("down", -5)}) {
    BeginStockChange change;
    change.change_id = ChangeId{id};
    change.sku = Sku{"sku"};
    change.delta = delta;
    change.at = kNoon;
    done(book_->begin_stock_change(change));
  }
  const auto snapshot = done(book_->begin_generation("g-2", kNoon, 0));
  auto counted = snapshot.counted;
  std::sort(counted.begin(), counted.end());
  EXPECT_EQ(counted, (std::vector<ChangeId>{adjustment_change("up"), refund_change(refund_id(1))}));
  EXPECT_EQ(snapshot.not_counted, std::vector<ChangeId>{adjustment_change("down")});
  EXPECT_EQ(sku_of(snapshot, "sku").stock.on_hand(), 1'000);
}

TEST_P(OrderBookLedgerContract, the_snapshot_has_recent_orders_newest_first) {
  open();
  settle(batch_of({order(1), order(2), order(3), order(4)}));
  const auto recent = done(book_->begin_generation("g-2", at(2), 2)).recent;
  ASSERT_EQ(recent.size(), 2U);
  EXPECT_EQ(recent[0].order_id, order_id(4));
  EXPECT_EQ(recent[0].reservation_id, reservation_id(4));
  EXPECT_EQ(recent[0].fingerprint, order(4).fingerprint);
  EXPECT_TRUE(recent[0].settled);
  EXPECT_TRUE(recent[0].payload.empty());
  EXPECT_EQ(recent[1].order_id, order_id(3));
  EXPECT_EQ(done(book_->begin_generation("g-3", at(2), 10)).recent.size(), 3U);
}

TEST_P(OrderBookLedgerContract, settlements_and_a_new_generation_at_once_agree) {
  // Whatever came first: the snapshot counts exactly the orders that were settled.
  open();
  const auto other = factory_->attach(loop_);
  std::vector<PortResult<SettleResult>> settled(30);
  std::size_t ended = 0;
  const auto count = settled.size() + 1;
  BookSnapshot snapshot;
  for (std::size_t i = 0; i < settled.size(); ++i) {
    if (i == settled.size() / 2) {
      boost::asio::co_spawn(loop_, other->begin_generation("generation-2", kNoon, 0),
                            [&](std::exception_ptr, PortResult<BookSnapshot> result) {
                              ++ended;
                              if (result) snapshot = *std::move(result);
                            });
    }
    auto call = (i % 2 == 0 ? *book_ : *other).settle(batch_of({order(i)}));
    boost::asio::co_spawn(loop_, std::move(call),
                          [&, i](std::exception_ptr, PortResult<SettleResult> result) {
                            ++ended;
                            settled[i] = std::move(result);
                          });
  }
  loop_.restart();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (ended < count && std::chrono::steady_clock::now() < until) loop_.run_one_until(until);
  ASSERT_EQ(ended, count);
  std::int64_t sold = 0;
  for (const auto& result : settled) {
    ASSERT_TRUE(result) << result.error().detail;
    sold += result->reports.at(0).outcome == SettleOutcome::settled ? 1 : 0;
  }
  EXPECT_EQ(sku_of(snapshot, "sku").stock.sold, sold);
  EXPECT_EQ(stock("sku").sold, sold);
}

TEST_P(OrderBookLedgerContract, one_book_leads_at_a_time) {
  auto other = factory_->attach(loop_);
  EXPECT_TRUE(done(book_->try_leadership()));
  EXPECT_TRUE(done(book_->try_leadership())) << "it still leads";
  EXPECT_FALSE(done(other->try_leadership()));
  done(other->end_leadership());  // of one that does not lead: nothing
  EXPECT_FALSE(done(other->try_leadership()));
  done(book_->end_leadership());
  EXPECT_TRUE(done(other->try_leadership()));
  EXPECT_FALSE(done(book_->try_leadership()));
}

TEST_P(OrderBookLedgerContract, it_answers_and_takes_audit_entries) {
  done(book_->ping());
  EXPECT_TRUE(book_->connected());
  done(book_->record_audit(AuditEntry{"ops", "stock.set", "sku to 5", kNoon}));
}

}  // namespace holdfast::testing
