#include <gmock/gmock.h>

#include "adapters/postgres/book_archive.h"
#include "tests/contract/book_archive_contract.h"
#include "tests/contract/postgres_server.h"

// The contract on a real PostgreSQL, and that an archive has its book alone.

namespace holdfast::testing {

class PostgresArchiveFactory : public BookArchiveFactory {
 public:
  void make(boost::asio::io_context& /*loop*/) override { empty_shared_database(); }
  std::unique_ptr<OrderBook> book(boost::asio::io_context& loop) override {
    return books_.attach(loop);
  }
  std::unique_ptr<BookArchive> archive() override {
    return std::make_unique<postgres::PostgresBookArchive>(shared_database().url());
  }

 private:
  PostgresBookFactory books_;
};

HOLDFAST_INSTANTIATE_BOOK_ARCHIVE_CONTRACT(Postgres, PostgresArchiveFactory);

namespace {

using codec::ArchiveKind;
using ::testing::HasSubstr;

class PostgresArchive : public OrderBookFixture {
 protected:
  PostgresArchive() { empty_shared_database(); }

  PortResult<bool> read() {
    return archive_.read([](const auto&) { return true; });
  }
  PortResult<void> write() {
    return archive_.write([] { return PortResult<std::optional<codec::ArchiveRecord>>{}; });
  }
  static std::set<std::string> columns(const std::string& table) {
    std::set<std::string> names;
    const auto text = run_sql(
        shared_database().url(),
        "select string_agg(column_name, ',') from information_schema.columns where table_name = '" +
            table + "'");
    for (std::size_t at = 0; at <= text.size();) {
      const auto end = std::min(text.find(',', at), text.size());
      names.insert(text.substr(at, end - at));
      at = end + 1;
    }
    return names;
  }

  postgres::PostgresBookArchive archive_{shared_database().url()};
};

TEST_F(PostgresArchive, a_book_that_is_in_use_is_neither_read_nor_written) {
  PostgresBookFactory books;
  const auto book = books.attach(loop_);
  done(book->ping());
  const auto written = write();
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().detail, HasSubstr("another process of Holdfast is connected"));
  const auto found = read();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, PortErrorKind::rejected);
}

TEST_F(PostgresArchive, a_process_that_is_starting_keeps_it_out) {
  PostgresSession starting(shared_database().url());
  starting("select pg_advisory_lock(2, 2)");
  const auto written = write();
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().detail, HasSubstr("is starting"));
}

TEST_F(PostgresArchive, a_server_that_is_away_is_unavailable) {
  postgres::PostgresBookArchive away("postgresql://holdfast@127.0.0.1:1/holdfast");
  const auto found = away.read([](const auto&) { return true; });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, PortErrorKind::unavailable);
}

TEST_F(PostgresArchive, every_column_is_carried) {
  EXPECT_EQ(columns("plans"), columns_with(ArchiveKind::plan, {"stored_at"}));
  EXPECT_EQ(columns("stock"), columns_with(ArchiveKind::sku, {}));
  EXPECT_EQ(columns("stock_changes"), columns_with(ArchiveKind::stock_change, {}));
  EXPECT_EQ(columns("orders"), columns_with(ArchiveKind::order, {}));
  EXPECT_EQ(columns("refunds"), columns_with(ArchiveKind::refund, {}));
  // A retry that was under way when its process ended is begun again.
  EXPECT_EQ(columns("parked"), columns_with(ArchiveKind::parked, {"claimed_until"}));
  EXPECT_EQ(columns("events"), columns_with(ArchiveKind::event, {"seq"}));
  EXPECT_EQ(columns("audit"), columns_with(ArchiveKind::audit, {"id"}));
  auto stock = columns_with(ArchiveKind::stock_movement, {"id", "cause_id", "cause_name"});
  auto points = columns_with(ArchiveKind::points_movement, {"id", "cause_id", "cause_name"});
  stock.erase("cause");
  points.erase("cause");
  EXPECT_EQ(columns("stock_journal"), stock);
  EXPECT_EQ(columns("points_journal"), points);
  EXPECT_EQ(columns("points"), (std::set<std::string>{"user_id", "balance"}));
}

}  // namespace
}  // namespace holdfast::testing
