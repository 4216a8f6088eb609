#pragma once

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <set>

#include "ports/book_archive.h"
#include "tests/contract/order_book_fixture.h"

// What every BookArchive must do, whatever it is made of. One adapter's test file says, in
// namespace holdfast::testing,
//
//   HOLDFAST_INSTANTIATE_BOOK_ARCHIVE_CONTRACT(Postgres, PostgresArchiveFactory);

namespace holdfast::testing {

/// What an adapter gives to the contract suite.
class BookArchiveFactory {
 public:
  virtual ~BookArchiveFactory() = default;
  /// Makes an empty store, in place of one made before; the books on that one are gone.
  virtual void make(boost::asio::io_context& loop) = 0;
  /// A book on the store. It goes before the archive is used.
  virtual std::unique_ptr<OrderBook> book(boost::asio::io_context& loop) = 0;
  virtual std::unique_ptr<BookArchive> archive() = 0;
};

using MakeBookArchiveFactory = std::unique_ptr<BookArchiveFactory> (*)();
using Records = std::vector<codec::ArchiveRecord>;

inline bool same(const codec::ArchiveRecord& a, const codec::ArchiveRecord& b) {
  return a.kind == b.kind && a.fields == b.fields;
}

class BookArchiveContract : public OrderBookFixture,
                            public ::testing::WithParamInterface<MakeBookArchiveFactory> {
 protected:
  void SetUp() override {
    archives_ = GetParam()();
    start_anew();
  }
  void TearDown() override { book_.reset(); }

  void start_anew() {
    book_.reset();
    archives_->make(loop_);
  }
  void open_book() { book_ = archives_->book(loop_); }

  Records read() {
    book_.reset();
    Records records;
    const auto whole = archives_->archive()->read([&](const codec::ArchiveRecord& record) {
      records.push_back(record);
      return true;
    });
    if (!whole) throw std::runtime_error("not read: " + whole.error().detail);
    EXPECT_TRUE(*whole);
    return records;
  }
  /// Hands out `records` one by one, then `error` if there is one.
  static BookArchive::Next from(Records records, std::optional<PortError> error = std::nullopt) {
    return [records = std::move(records), error,
            at = std::size_t{0}]() mutable -> PortResult<std::optional<codec::ArchiveRecord>> {
      if (at < records.size()) return std::optional(records[at++]);
      if (error) return tl::unexpected(*error);
      return std::optional<codec::ArchiveRecord>{};
    };
  }
  PortResult<void> write(Records records, std::optional<PortError> error = std::nullopt) {
    book_.reset();
    return archives_->archive()->write(from(std::move(records), std::move(error)));
  }

  static codec::ArchiveRecord record(const char* line) {
    auto read = codec::record_from_json(boost::json::parse(line));
    if (!read) throw std::runtime_error(read.error().detail);
    return std::move(*read);
  }
  /// A book with something of everything, as an archive has it.
  static Records all_kinds();
  /// The same, made by the book's own calls: a completed order and one that was cancelled, a held
  /// refund, a change of stock that is pending, a limit.
  void make_history();

  static void expect_equal(const Records& found, const Records& expected) {
    for (std::size_t i = 0; i < std::max(found.size(), expected.size()); ++i) {
      ASSERT_LT(i, found.size()) << "missing: " << codec::to_line(expected[i]);
      ASSERT_LT(i, expected.size()) << "too much: " << codec::to_line(found[i]);
      EXPECT_TRUE(same(found[i], expected[i])) << codec::to_line(found[i]) << "\nand not\n"
                                               << codec::to_line(expected[i]);
    }
  }

  std::unique_ptr<BookArchiveFactory> archives_;
};

inline Records BookArchiveContract::all_kinds() {
  return {
      record(R"({"plan":{"plan":"default","version":"0123456789ab","steps":[{"name":"stock",
        "kind":"stock","after":[],"per":100}]}})"),
      record(R"({"sku":{"sku":"limited","loaded":9,"sold":2,"returned":1,"purchase_limit":3,
        "limit_pending_since":"2023-11-14T22:13:20.123Z","limit_version":3}})"),
      record(R"({"sku":{"sku":"plain","loaded":5,"sold":0,"returned":0,"limit_version":0}})"),
      record(R"({"stock_change":{"change_id":"c-1","kind":"set","sku":"plain","asked_on_hand":5,
        "delta":5,"state":"applied","at":"2023-11-14T22:13:20.123Z"}})"),
      record(R"({"stock_change":{"change_id":"c-2","kind":"adjustment","sku":"plain",
        "asked_delta":-1,"delta":-1,"reason":"broken \"太\"","state":"pending",
        "at":"2023-11-14T22:13:21.000Z"}})"),
      record(R"({"stock_movement":{"sku":"limited","at":"2023-11-14T22:13:20.123Z","kind":"set",
        "cause":"aa000000-0000-0000-0000-00000000000f","delta":9,"loaded":9,"sold":0,
        "returned":0}})"),
      record(R"({"stock_movement":{"sku":"limited","at":"2023-11-14T22:13:20.123Z","kind":"order",
        "cause":"aa000000-0000-0000-0000-000000000001","delta":-2,"loaded":0,"sold":2,
        "returned":0}})"),
      record(R"({"stock_movement":{"sku":"plain","at":"2023-11-14T22:13:19.000Z","kind":"set",
        "cause":"c-1","delta":5,"loaded":5,"sold":0,"returned":0}})"),
      record(R"({"order":{"order_id":"aa000000-0000-0000-0000-000000000001",
        "reservation_id":"bb000000-0000-0000-0000-000000000001","fingerprint":"aa0f",
        "user_id":"u-1","currency":"CNY","lines":[{"sku":"limited","quantity":2,
        "unit_price":1000}],"plan":"default","plan_version":"0123456789ab",
        "attributes":{"k":"v"},"amount":9007199254740991,"refunded_amount":1000,
        "status":"cancelling","reason":"step_failed","failed_step":"payment",
        "steps":[{"name":"payment","kind":"http","status":"failed","attempts":3,
        "updated_at":"2023-11-14T22:13:20.123Z"}],"points_earned":20,
        "placed_at":"2023-11-14T22:13:20.123Z","completed_at":"2023-11-14T22:13:21.123Z",
        "next_check_at":"2023-11-14T22:13:22.123Z","stock_released":false,
        "preempted_by":"cc000000-0000-0000-0000-000000000001"}})"),
      record(R"({"refund":{"refund_id":"cc000000-0000-0000-0000-000000000001",
        "order_id":"aa000000-0000-0000-0000-000000000001","fingerprint":"cc",
        "status":"refunded","amount":1000,"lines":[{"sku":"limited","quantity":1,
        "restock":true}],"whole":false,"when_incomplete":"preempt","reason":"too big",
        "error":"503","checks":2,"next_check_at":"2023-11-14T22:13:22.123Z",
        "steps":[{"name":"payment","status":"done","attempts":1,
        "updated_at":"2023-11-14T22:13:20.123Z"}],"stock_released":false,
        "requested_at":"2023-11-14T22:13:20.123Z",
        "refunded_at":"2023-11-14T22:13:21.123Z"}})"),
      record(R"({"points_movement":{"user_id":"u-1","at":"2023-11-14T22:13:20.123Z",
        "kind":"order","cause":"aa000000-0000-0000-0000-000000000001","delta":20}})"),
      record(R"({"points_movement":{"user_id":"u-1","at":"2023-11-14T22:13:21.123Z",
        "kind":"refund","cause":"cc000000-0000-0000-0000-000000000001","delta":-30}})"),
      record(R"({"points_movement":{"user_id":"u-2","at":"2023-11-14T22:13:20.123Z",
        "kind":"order","cause":"aa000000-0000-0000-0000-000000000002","delta":7}})"),
      record(R"({"parked":{"id":"dd000000-0000-0000-0000-000000000001","queue":"step.card.payment",
        "reason":"attempts_exhausted","subject":"s-1",
        "order_id":"aa000000-0000-0000-0000-000000000001",
        "refund_id":"cc000000-0000-0000-0000-000000000001","step":"payment","attempts":8,
        "first_at":"2023-11-14T22:13:20.123Z","last_at":"2023-11-14T22:13:21.123Z",
        "detail":"503","body":"7b7d00ff"}})"),
      record(R"({"parked":{"id":"dd000000-0000-0000-0000-000000000000","queue":"orders",
        "reason":"undecodable","subject":"s-2","attempts":1,
        "first_at":"2023-11-14T22:13:21.123Z","last_at":"2023-11-14T22:13:21.123Z","detail":"",
        "body":""}})"),
      record(R"({"event":{"id":"ee000000-0000-0000-0000-000000000002","type":"order.completed",
        "body":"{\"b\": 1}","at":"2023-11-14T22:13:21.123Z"}})"),
      record(R"({"event":{"id":"ee000000-0000-0000-0000-000000000001","type":"refund.waiting",
        "body":"{}","at":"2023-11-14T22:13:20.123Z"}})"),
      record(R"({"audit":{"actor":"ops","action":"parked.retry","detail":"all","at":
        "2023-11-14T22:13:20.123Z"}})")};
}

inline void BookArchiveContract::make_history() {
  open_book();
  open();
  done(book_->begin_limit_change(Sku{"sku"}, 4));
  done(book_->store_plans({Plan{PlanName{"card"}, "fedcba987654", {}}}));
  std::vector<Order> orders;
  orders.push_back(completed(order(1)));
  orders.push_back(cancelled(order(2, {line("sku", 3)}, "u-2")));
  orders.push_back(order(3));
  settle(batch_of(std::move(orders)));
  write_refunds(3, {refund(1, order_id(3))});
  BeginStockChange less;
  less.change_id = ChangeId{"less"};
  less.sku = Sku{"sku"};
  less.delta = -5;
  less.at = at(9);
  done(book_->begin_stock_change(less));
  done(book_->record_audit(AuditEntry{"ops", "noted", "this", kNoon}));
}

TEST_P(BookArchiveContract, an_empty_book_has_no_records_and_takes_none) {
  EXPECT_TRUE(read().empty());
  ASSERT_TRUE(write({}));
  EXPECT_TRUE(read().empty());
}

TEST_P(BookArchiveContract, what_is_written_is_read_again_as_it_was) {
  const auto written = write(all_kinds());
  ASSERT_TRUE(written) << written.error().detail;
  expect_equal(read(), all_kinds());
}

TEST_P(BookArchiveContract, the_book_knows_what_was_written) {
  ASSERT_TRUE(write(all_kinds()));
  open_book();
  EXPECT_EQ(stock("limited").on_hand(), 8);
  EXPECT_EQ(stock("limited").purchase_limit, 3);
  EXPECT_EQ(points("u-1"), -10);
  EXPECT_EQ(points("u-2"), 7);
  const auto found = find(1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->order.reason, CancelReason::step_failed);
  EXPECT_EQ(found->order.steps.at(0).attempts, 3U);
  ASSERT_EQ(found->refunds.size(), 1U);
  EXPECT_EQ(found->refunds[0].status, RefundStatus::refunded);
  ASSERT_EQ(journal("limited").size(), 2U);
  EXPECT_EQ(journal("limited")[0].movement.cause_id, order_id(1).to_string());
  const auto events = done(book_->pending_events(10));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, "order.completed");
  EXPECT_EQ(done(book_->stored_plans()).size(), 1U);
  EXPECT_EQ(done(book_->pending_stock_changes(kFarFuture, 10)).size(), 1U);
  EXPECT_EQ(done(book_->pending_limit_changes(kFarFuture)).size(), 1U);
  EXPECT_EQ(done(book_->list_parked({}, {})).items.at(1).body, std::string("{}\0\xff", 4));
}

TEST_P(BookArchiveContract, accounts_go_on_from_the_balance_that_was_written) {
  ASSERT_TRUE(write(all_kinds()));
  open_book();
  OrderChange change;
  change.points.push_back(points_of("u-2", -3));
  this->OrderBookFixture::write(1, std::move(change));
  EXPECT_EQ(points("u-2"), 4);
}

TEST_P(BookArchiveContract, a_history_is_the_same_after_a_move) {
  make_history();
  const auto before = find(1);
  const auto stock_before = stock("sku");
  const auto records = read();
  start_anew();
  ASSERT_TRUE(write(records));
  expect_equal(read(), records);
  open_book();
  EXPECT_EQ(find(1)->order, before->order);
  EXPECT_EQ(stock("sku").on_hand(), stock_before.on_hand());
  EXPECT_EQ(find(3)->refunds.size(), 1U);
  EXPECT_EQ(points("u-1"), 20);
}

TEST_P(BookArchiveContract, a_rebuild_counts_what_was_moved) {
  make_history();
  const auto records = read();
  start_anew();
  ASSERT_TRUE(write(records));
  open_book();
  EXPECT_FALSE(done(book_->ledger_record()));
  const auto snapshot = done(book_->begin_generation("generation-2", kNoon, 10));
  ASSERT_EQ(snapshot.skus.size(), 1U);
  // Orders 1 and 3 are of u-1; order 2 of u-2 is cancelled.
  ASSERT_EQ(snapshot.skus[0].bought.size(), 1U);
  EXPECT_EQ(snapshot.skus[0].bought[0].user_id, UserId{"u-1"});
  EXPECT_EQ(snapshot.skus[0].bought[0].units.units, 2);
  EXPECT_EQ(snapshot.counted.size(), 1U);      // the cancelled order's units
  EXPECT_EQ(snapshot.not_counted.size(), 1U);  // the change that takes some
  EXPECT_EQ(snapshot.recent.size(), 3U);
}

TEST_P(BookArchiveContract, a_book_that_is_not_empty_is_refused_and_stays_as_it_is) {
  ASSERT_TRUE(write(all_kinds()));
  const auto again = write(
      {record(R"({"sku":{"sku":"new","loaded":1,"sold":0,"returned":0,"limit_version":0}})")});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, PortErrorKind::rejected);
  EXPECT_EQ(again.error().effect, Effect::none);
  EXPECT_THAT(again.error().detail, ::testing::HasSubstr("not empty"));
  expect_equal(read(), all_kinds());
}

TEST_P(BookArchiveContract, a_change_is_audited_only_if_it_is_written) {
  open_book();
  open();
  settle(order(1));
  const auto change_to = [this](Money beyond, const std::string& detail) {
    return book_->update(refs({1}), [beyond, detail](const OrderAggregate& aggregate) {
      OrderChange change;
      change.order = aggregate.order;
      change.order->refunded_amount = aggregate.order.amount + beyond;
      change.audit = AuditEntry{"ops", "parked.discard", detail, kNoon};
      return change;
    });
  };
  done(change_to(Money{0}, "with a change"));
  expect_constraint(change_to(Money{1}, "refused"));
  // An entry alone is written too.
  done(book_->update(refs({1}), [](const OrderAggregate&) {
    OrderChange change;
    change.audit = AuditEntry{"ops", "parked.discard", "alone", kNoon};
    return change;
  }));
  std::vector<std::string> details;
  for (const auto& one : read()) {
    if (one.kind != codec::ArchiveKind::audit) continue;
    details.emplace_back(one.fields.at("detail").as_string());
  }
  EXPECT_EQ(details, (std::vector<std::string>{"with a change", "alone"}));
}

TEST_P(BookArchiveContract, plans_audit_and_a_generation_are_no_book_yet) {
  open_book();
  begin_generation();
  done(book_->store_plans({Plan{PlanName{"default"}, "0123456789ab", {}}}));
  done(book_->record_audit(AuditEntry{"holdfast", "ledger.rebuild", "new", kNoon}));
  const auto written = write(all_kinds());
  ASSERT_TRUE(written) << written.error().detail;
  open_book();
  EXPECT_FALSE(done(book_->ledger_record())) << "the ledger was not built from this book";
}

TEST_P(BookArchiveContract, an_error_of_the_source_leaves_nothing) {
  const PortError error{PortErrorKind::rejected, Effect::none, "the file ends early"};
  const auto written = write(all_kinds(), error);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().detail, "the file ends early");
  EXPECT_TRUE(read().empty());
  EXPECT_TRUE(write(all_kinds()));
}

TEST_P(BookArchiveContract, a_record_that_the_book_refuses_leaves_nothing) {
  auto records = all_kinds();
  records.push_back(
      record(R"({"sku":{"sku":"less","loaded":1,"sold":2,"returned":0,"limit_version":0}})"));
  const auto written = write(records);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, PortErrorKind::constraint) << written.error().detail;
  EXPECT_EQ(written.error().effect, Effect::none);
  EXPECT_TRUE(read().empty());
}

TEST_P(BookArchiveContract, the_reader_may_stop_early) {
  ASSERT_TRUE(write(all_kinds()));
  std::size_t taken = 0;
  const auto whole = archives_->archive()->read([&](const auto&) { return ++taken < 3; });
  ASSERT_TRUE(whole);
  EXPECT_FALSE(*whole);
  EXPECT_EQ(taken, 3U);
  expect_equal(read(), all_kinds());
}

TEST_P(BookArchiveContract, many_records_of_a_kind_keep_their_order) {
  Records events;
  for (int i = 0; i < 1'234; ++i) {
    auto event = all_kinds().at(15);
    event.fields["id"] = uuid(0xee, static_cast<std::uint64_t>(10'000 - i)).to_string();
    events.push_back(std::move(event));
  }
  ASSERT_TRUE(write(events));
  expect_equal(read(), events);
}

/// Names of all fields of a kind, and of columns that an adapter has besides.
inline std::set<std::string> columns_with(codec::ArchiveKind kind, std::set<std::string> others) {
  for (const auto& field : codec::fields_of(kind)) others.insert(std::string(field.name));
  return others;
}

#define HOLDFAST_INSTANTIATE_BOOK_ARCHIVE_CONTRACT(name, factory) \
  std::unique_ptr<BookArchiveFactory> make_archive_##name() {     \
    return std::make_unique<factory>();                           \
  }                                                               \
  INSTANTIATE_TEST_SUITE_P(name, BookArchiveContract, ::testing::Values(&make_archive_##name))

}  // namespace holdfast::testing
