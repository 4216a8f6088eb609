#include <gmock/gmock.h>

#include "adapters/embedded/book_archive.h"
#include "adapters/embedded/bus_message.h"
#include "adapters/embedded/stock_ledger.h"
#include "codec/messages.h"
#include "tests/contract/book_archive_contract.h"
#include "tests/contract/embedded_book_factory.h"

// The contract on SQLite in memory, and the orders that only ledger or queue have.

namespace holdfast::testing {

class EmbeddedArchiveFactory : public BookArchiveFactory {
 public:
  void make(boost::asio::io_context& loop) override {
    books_.make(loop).reset();
    books_.database().run_now(embedded::prepare_ledger);
  }
  std::unique_ptr<OrderBook> book(boost::asio::io_context& loop) override {
    return books_.attach(loop);
  }
  std::unique_ptr<BookArchive> archive() override {
    return std::make_unique<embedded::EmbeddedBookArchive>(books_.database());
  }

 private:
  EmbeddedBookFactory books_;
};

HOLDFAST_INSTANTIATE_BOOK_ARCHIVE_CONTRACT(Embedded, EmbeddedArchiveFactory);

namespace {

using codec::ArchiveKind;
using sqlite::Session;

class EmbeddedArchive : public OrderBookFixture {
 protected:
  EmbeddedArchive() {
    database_.run_now([](Session& session) {
      embedded::prepare_book(session);
      embedded::prepare_ledger(session);
    });
    book_ =
        std::make_unique<embedded::EmbeddedOrderBook>(database_, clock_, embedded::BookOptions{});
  }

  void run(const std::function<void(Session&)>& work) { database_.run_now(work); }
  static std::string payload(std::uint64_t number) {
    return codec::to_payload(accepted(order(number)), kGeneration);
  }
  void reserve(std::uint64_t number) {
    run([&](Session& session) {
      session.run(
          "insert into ledger_journal (order_id, reservation_id, fingerprint, reserved_at, "
          "payload) values (?1, ?2, 'f', ?3, ?4)",
          order_id(number), reservation_id(number), number, payload(number));
    });
  }
  void into_outbox(std::uint64_t number) {
    run([&](Session& session) {
      session.run("insert into ledger_outbox (id, payload) values (?1, ?2)", number,
                  payload(number));
    });
  }
  /// As the bus keeps them; queue 2 is that of orders.
  void make_bus() {
    run([](Session& session) {
      session.script(
          "create table bus_queues (number integer, name text, length integer);"
          "create table bus_messages (key integer, body blob, headers blob default x'');"
          "create table bus_delayed (queue integer, body blob, headers blob default x'');"
          "insert into bus_queues values (1, 'parked', 0), (2, 'orders', 0), (3, 'refunds', 0)");
    });
  }
  void into_queue(std::uint64_t number, bool delayed = false) {
    const auto text = payload(number);
    const sqlite::Bytes body{codec::orders_message({{"1-1", text}})};
    run([&](Session& session) {
      session.run(delayed ? "insert into bus_delayed (queue, body) values (2, ?1)"
                          : "insert into bus_messages (key, body) values ((2 << 40) + 7, ?1)",
                  body);
    });
  }

  std::vector<std::string> unsettled() {
    std::vector<std::string> found;
    const auto read = archive_.read([&](const codec::ArchiveRecord& record) {
      if (record.kind == ArchiveKind::unsettled) {
        found.push_back(record.fields.at("order").at("order_id").as_string().c_str());
      }
      return true;
    });
    EXPECT_TRUE(read) << read.error().detail;
    return found;
  }
  void expect_not_handled_yet() {
    const auto read = archive_.read([](const auto&) { return true; });
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().detail, ::testing::HasSubstr("not been handled yet"));
  }
  static std::vector<std::string> ids(std::vector<std::uint64_t> numbers) {
    std::vector<std::string> all;
    for (const auto number : numbers) all.push_back(order_id(number).to_string());
    return all;
  }

  NoonClock clock_;
  sqlite::Database database_{loop_.get_executor(), ":memory:"};
  embedded::EmbeddedBookArchive archive_{database_};
};

TEST_F(EmbeddedArchive, orders_that_only_the_ledger_has_are_read_once_each) {
  reserve(2);
  reserve(1);
  into_outbox(1);
  into_outbox(3);
  EXPECT_EQ(unsettled(), ids({1, 2, 3}));
}

TEST_F(EmbeddedArchive, orders_on_their_way_are_read_though_the_ledger_forgot_them) {
  make_bus();
  reserve(1);
  into_queue(1);
  into_queue(2);
  into_queue(3, true);
  EXPECT_EQ(unsettled(), ids({1, 2, 3}));
}

TEST_F(EmbeddedArchive, what_the_book_has_or_what_is_parked_is_not_unsettled) {
  open();
  settle(order(1));
  reserve(1);
  reserve(2);
  ParkedMessage parked;
  parked.id = uuid(0xdd, 1);
  parked.queue = QueueName{"orders"};
  parked.order_id = order_id(2);
  done(book_->record_parked({parked}));
  EXPECT_TRUE(unsettled().empty());
}

TEST_F(EmbeddedArchive, a_message_on_its_way_to_be_recorded_as_parked_is_waited_for) {
  make_bus();
  run([](Session& session) {
    session.script("update bus_queues set length = 1 where number = 1");
  });
  expect_not_handled_yet();
}

TEST_F(EmbeddedArchive, a_parked_message_that_is_sent_again_is_waited_for) {
  for (const auto* table : {"bus_messages (key", "bus_delayed (queue"}) {
    make_bus();
    const auto number = std::string(table) == "bus_messages (key" ? "3 << 40" : "3";
    run([&](Session& session) {
      session.run("insert into " + std::string(table) + ", headers) values (" + number + ", ?1)",
                  sqlite::Bytes{embedded::bus::encode_headers({{kRetryHeader, "1"}})});
    });
    expect_not_handled_yet();
    run([](Session& session) {
      session.script("drop table bus_queues; drop table bus_messages; drop table bus_delayed");
    });
  }
}

TEST_F(EmbeddedArchive, wake_ups_are_not_waited_for) {
  make_bus();
  run([](Session& session) { session.script("insert into bus_messages (key) values (3 << 40)"); });
  EXPECT_TRUE(archive_.read([](const auto&) { return true; }));
}

TEST_F(EmbeddedArchive, a_ledger_or_a_queue_with_orders_is_not_empty) {
  reserve(1);
  const auto written =
      archive_.write([] { return PortResult<std::optional<codec::ArchiveRecord>>{}; });
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().detail, ::testing::HasSubstr("not empty"));
}

TEST_F(EmbeddedArchive, every_column_is_carried) {
  const auto columns = [this](const std::string& table) {
    std::set<std::string> names;
    run([&](Session& session) {
      auto rows = session.query("select name from pragma_table_info(?1)", table);
      while (rows.next()) names.insert(rows.get<std::string>(0));
    });
    return names;
  };
  EXPECT_EQ(columns("book_plans"), columns_with(ArchiveKind::plan, {}));
  EXPECT_EQ(columns("book_stock"), columns_with(ArchiveKind::sku, {}));
  EXPECT_EQ(columns("book_stock_changes"), columns_with(ArchiveKind::stock_change, {}));
  EXPECT_EQ(columns("book_stock_journal"), columns_with(ArchiveKind::stock_movement, {"id"}));
  EXPECT_EQ(columns("book_orders"), columns_with(ArchiveKind::order, {}));
  EXPECT_EQ(columns("book_refunds"), columns_with(ArchiveKind::refund, {}));
  EXPECT_EQ(columns("book_points"), columns_with(ArchiveKind::points_movement, {"seq", "balance"}));
  // A retry that was under way when its process ended is begun again.
  EXPECT_EQ(columns("book_parked"), columns_with(ArchiveKind::parked, {"claimed_until"}));
  EXPECT_EQ(columns("book_events"), columns_with(ArchiveKind::event, {"seq"}));
  EXPECT_EQ(columns("book_audit"), columns_with(ArchiveKind::audit, {"id"}));
}

}  // namespace
}  // namespace holdfast::testing
