#include "tests/contract/postgres_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/parse.hpp>
#include <thread>

#include "tests/contract/order_book_fixture.h"
#include "tests/contract/tcp_proxy.h"

// What the book does when PostgreSQL goes, hangs or answers late, and under load from many books.

namespace holdfast::testing {
namespace {

using std::chrono::milliseconds;

class PostgresServerTest : public OrderBookFixture {
 protected:
  void SetUp() override {
    factory_ = std::make_unique<PostgresBookFactory>();
    book_ = factory_->make(loop_);
    open();
  }
  void TearDown() override { book_.reset(); }

  static std::unique_ptr<PostgresOrderBook> book_at(boost::asio::io_context& loop,
                                                    const std::string& url,
                                                    milliseconds timeout = milliseconds(5'000),
                                                    std::size_t connections = 1) {
    PostgresOptions options;
    options.url = url;
    options.connections = connections;
    options.timeout = timeout;
    return PostgresBookFactory::attach(loop, std::move(options));
  }
  /// Ends every session of the book under test, as a restart of the server would. They have ended
  /// when it returns.
  static void end_sessions() {
    run_sql(
        postgres_url(),
        "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where datname = '" +
            shared_database().name() + "' and application_name = 'holdfast'");
  }
  /// Runs the loop until `condition` holds, and fails the test after 10 s.
  template <class Condition>
  void wait_until(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    loop_.restart();
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "it did not come to that";
      loop_.run_for(milliseconds(5));
      loop_.restart();
    }
  }
  static std::string proxied(const TcpProxy& proxy) {
    const auto url = shared_database().url();
    const auto colon = url.rfind(':');
    const auto slash = url.rfind('/');
    return url.substr(0, colon + 1) + std::to_string(proxy.port()) + url.substr(slash);
  }
  static std::uint16_t server_port() {
    const auto url = postgres_url();
    const auto colon = url.rfind(':');
    return static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1)));
  }
  static OrderDecision completing() {
    return [](const OrderAggregate& aggregate) {
      OrderChange change;
      change.order = completed(aggregate.order);
      return change;
    };
  }
};

TEST_F(PostgresServerTest, lost_connections_are_opened_again) {
  ASSERT_TRUE(book_->connected());
  end_sessions();
  wait_until([this] { return !book_->connected(); });
  wait_until([this] { return book_->connected(); });
  settle(order(1));
  EXPECT_EQ(find(1)->order, order(1));
}

TEST_F(PostgresServerTest, a_call_right_after_the_connections_were_lost_succeeds) {
  // The end of the connections lies in the sockets, unread, when the call comes.
  end_sessions();
  settle(order(1));
  EXPECT_TRUE(find(1));
}

TEST_F(PostgresServerTest, leadership_ends_with_its_connection) {
  const auto other = factory_->attach(loop_);
  EXPECT_TRUE(done(book_->try_leadership()));
  end_sessions();
  EXPECT_TRUE(done(other->try_leadership()));
  EXPECT_FALSE(done(book_->try_leadership()));
}

TEST_F(PostgresServerTest, a_server_that_is_not_there_is_unavailable_at_once) {
  const auto away = book_at(loop_, "postgresql://holdfast@127.0.0.1:1/none");
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    const auto error = error_of(away->settle(batch_of({order(1)})));
    EXPECT_EQ(error.kind, PortErrorKind::unavailable);
    EXPECT_EQ(error.effect, Effect::none);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds(2'000));
  EXPECT_FALSE(away->connected());
}

TEST_F(PostgresServerTest, a_server_that_comes_back_is_used_without_a_restart) {
  TcpProxy proxy("127.0.0.1", server_port());
  proxy.refuse(true);
  const auto book = book_at(loop_, proxied(proxy));
  EXPECT_EQ(error_of(book->ping()).kind, PortErrorKind::unavailable);
  proxy.refuse(false);
  wait_until([&book] { return book->connected(); });
  done(book->ping());
}

TEST_F(PostgresServerTest, an_answer_lost_after_the_commit_leaves_the_effect_unknown) {
  TcpProxy proxy("127.0.0.1", server_port());
  const auto book = book_at(loop_, proxied(proxy));
  wait_until([&book] { return book->connected(); });
  proxy.mute_server(true);
  std::optional<PortResult<SettleResult>> result;
  boost::asio::co_spawn(
      loop_, book->settle(batch_of({order(1)})),
      [&result](std::exception_ptr, PortResult<SettleResult> value) { result = std::move(value); });
  // The book has it: so the commit happened, and nobody was told.
  wait_until([this] { return find(1).has_value(); });
  EXPECT_FALSE(result);
  proxy.cut();
  wait_until([&result] { return result.has_value(); });
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().kind, PortErrorKind::unavailable);
  EXPECT_EQ(result->error().effect, Effect::unknown);
  proxy.mute_server(false);
  wait_until([&book] { return book->connected(); });
  const auto again = done(book->settle(batch_of({order(1)})));
  EXPECT_EQ(again.reports[0].outcome, SettleOutcome::already_settled);
}

TEST_F(PostgresServerTest, a_connection_lost_before_the_commit_was_sent_had_no_effect) {
  settle(order(1));
  TcpProxy proxy("127.0.0.1", server_port());
  const auto book = book_at(loop_, proxied(proxy));
  wait_until([&book] { return book->connected(); });
  proxy.mute_server(true);
  const auto sent = proxy.sent_by_clients();
  std::optional<PortResult<std::vector<OrderAggregate>>> result;
  boost::asio::co_spawn(
      loop_, book->update(refs({1}), completing()),
      [&result](std::exception_ptr, PortResult<std::vector<OrderAggregate>> value) {
        result = std::move(value);
      });
  wait_until([&] { return proxy.sent_by_clients() > sent; });
  proxy.cut();
  wait_until([&result] { return result.has_value(); });
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().kind, PortErrorKind::unavailable);
  EXPECT_EQ(result->error().effect, Effect::none);
  EXPECT_EQ(find(1)->order, order(1));
}

TEST_F(PostgresServerTest, a_server_that_hangs_is_timed_out) {
  TcpProxy proxy("127.0.0.1", server_port());
  const auto book = book_at(loop_, proxied(proxy), milliseconds(300));
  wait_until([&book] { return book->connected(); });
  proxy.mute_server(true);
  const auto error = error_of(book->settle(batch_of({order(1)})));
  EXPECT_EQ(error.kind, PortErrorKind::timed_out);
  EXPECT_EQ(error.effect, Effect::unknown);
  EXPECT_EQ(error_of(book->ping()).effect, Effect::none);
}

TEST_F(PostgresServerTest, waiting_too_long_for_a_lock_is_ended_by_the_server_without_effect) {
  settle(order(1));
  const auto book = book_at(loop_, shared_database().url(), milliseconds(600));
  PostgresSession rival(shared_database().url());
  rival("begin");
  rival("select 1 from orders for update");
  for (int i = 0; i < 2; ++i) {
    const auto error = error_of(book->update(refs({1}), completing()));
    EXPECT_EQ(error.kind, PortErrorKind::timed_out) << error.detail;
    EXPECT_EQ(error.effect, Effect::none);
  }
  rival("rollback");
  EXPECT_EQ(done(book->update(refs({1}), completing()))[0].order.status, OrderStatus::completed);
}

TEST_F(PostgresServerTest, calls_wait_for_a_connection_in_turn_and_not_for_ever) {
  const auto book = book_at(loop_, shared_database().url(), milliseconds(600));
  PostgresSession rival(shared_database().url());
  rival("begin");
  rival("lock table ledger_high_water");
  std::vector<boost::asio::awaitable<PortResult<SettleResult>>> calls;
  for (std::uint64_t i = 0; i < 3; ++i) calls.push_back(book->settle(batch_of({order(i)})));
  for (const auto& result : all(std::move(calls))) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, PortErrorKind::timed_out) << result.error().detail;
    EXPECT_EQ(result.error().effect, Effect::none);
  }
  rival("rollback");
  EXPECT_EQ(done(book->settle(batch_of({order(1)}))).reports[0].outcome, SettleOutcome::settled);
}

TEST_F(PostgresServerTest, a_settlement_that_waited_for_a_new_generation_is_stale) {
  const auto book = book_at(loop_, shared_database().url());
  PostgresSession settling(shared_database().url());
  settling("begin");
  settling("lock table ledger_high_water in row exclusive mode");  // as a settlement holds it
  const auto waiting = [](int count) {
    return run_sql(shared_database().url(),
                   "select count(*) from pg_locks where not granted and database ="
                   " (select oid from pg_database where datname = current_database())") ==
           std::to_string(count);
  };
  std::optional<PortResult<BookSnapshot>> snapshot;
  boost::asio::co_spawn(
      loop_, book_->begin_generation("generation-2", kNoon, 0),
      [&](std::exception_ptr, PortResult<BookSnapshot> value) { snapshot = std::move(value); });
  wait_until([&] { return waiting(1); });
  std::optional<PortResult<SettleResult>> settled;
  boost::asio::co_spawn(
      loop_, book->settle(batch_of({order(1)})),
      [&](std::exception_ptr, PortResult<SettleResult> value) { settled = std::move(value); });
  wait_until([&] { return waiting(2); });
  settling("update stock set sold = sold + 7");
  settling("commit");
  wait_until([&] { return snapshot && settled; });
  ASSERT_TRUE(*snapshot) << snapshot->error().detail;
  EXPECT_EQ((*snapshot)->skus.at(0).stock.sold, 7) << "the snapshot is older than the lock";
  ASSERT_TRUE(*settled) << settled->error().detail;
  EXPECT_EQ((*settled)->reports[0].outcome, SettleOutcome::stale_generation);
}

TEST_F(PostgresServerTest, events_name_the_source_that_the_book_was_given) {
  PostgresOptions options;
  options.url = shared_database().url();
  options.event_source = "/holdfast/an \"other\" shop";
  const auto book = PostgresBookFactory::attach(loop_, std::move(options));
  done(book->settle(batch_of({order(1, {line("sku", 1'000)})})));
  const auto last = done(book->pending_events(10)).back();
  EXPECT_EQ(last.type, "stock.sold_out");
  const auto body = boost::json::parse(last.body).as_object();
  EXPECT_EQ(body.at("source").as_string(), "/holdfast/an \"other\" shop");
}

TEST_F(PostgresServerTest, a_completed_order_has_no_entry_among_those_with_something_due) {
  PostgresSession session(shared_database().url());
  const auto pages = [&session](const std::string& index) {
    return session("select pg_relation_size('" + index + "') / 8192");
  };
  settle(batch_of({completed(order(1)), completed(order(2))}));
  for (const auto* index : {"orders_by_next_check", "orders_unreleased"}) {
    EXPECT_EQ(pages(index), "1") << index << " has more than its first page, which holds no entry";
  }
  auto due = order(3);
  due.next_check_at = at(1);
  settle(batch_of({due, cancelled(order(4))}));
  for (const auto* index : {"orders_by_next_check", "orders_unreleased"}) {
    EXPECT_EQ(pages(index), "2") << index;
  }
}

TEST_F(PostgresServerTest, a_batch_larger_than_the_sockets_buffers_goes_through) {
  std::vector<Order> orders;
  for (std::uint64_t i = 0; i < 256; ++i) {
    orders.push_back(order(i));
    for (int k = 0; k < 16; ++k) {
      orders.back().attributes["k" + std::to_string(k)] = std::string(4'000, 'x');
    }
  }
  settle(batch_of(orders));  // 16 MB
  EXPECT_EQ(find(255)->order, orders[255]);
}

TEST_F(PostgresServerTest, a_stopped_book_fails_what_is_under_way_and_what_comes) {
  auto stopping = book_at(loop_, shared_database().url());
  PostgresSession rival(shared_database().url());
  rival("begin");
  rival("lock table ledger_high_water");
  std::vector<boost::asio::awaitable<PortResult<SettleResult>>> calls;
  for (std::uint64_t i = 0; i < 3; ++i) calls.push_back(stopping->settle(batch_of({order(i)})));
  boost::asio::steady_timer timer(loop_, milliseconds(100));
  timer.async_wait([&stopping](boost::system::error_code) { stopping->stop(); });
  for (const auto& result : all(std::move(calls))) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, PortErrorKind::unavailable) << result.error().detail;
  }
  rival("rollback");
  EXPECT_EQ(error_of(stopping->ping()).effect, Effect::none);
  EXPECT_FALSE(stopping->connected());
}

/// Settles and refunds over the same SKUs and users from a thread and loop of its own.
void trade(std::uint64_t book_number, std::atomic<int>& failures) {
  boost::asio::io_context loop{1};
  PostgresOptions options;
  options.url = shared_database().url();
  options.connections = 3;
  options.timeout = std::chrono::seconds(20);
  const auto book = PostgresBookFactory::attach(loop, std::move(options));
  std::vector<std::vector<Settlement>> batches(12);
  for (std::uint64_t i = 0; i < batches.size() * 20; ++i) {
    const auto mix = (i * 7 + book_number * 13);
    auto order = OrderBookFixture::order(
        book_number * 10'000 + i,
        {OrderBookFixture::line("hot-" + std::to_string(mix % 5), 1),
         OrderBookFixture::line("warm-" + std::to_string((mix * 11) % 17), 1)},
        "u-" + std::to_string(mix % 9));
    batches[i % batches.size()].push_back(OrderBookFixture::settlement(std::move(order)));
  }
  std::size_t ended = 0;
  for (auto& batch : batches) {
    boost::asio::co_spawn(loop, book->settle(std::move(batch)),
                          [&](std::exception_ptr thrown, PortResult<SettleResult> result) {
                            ++ended;
                            if (thrown || !result) ++failures;
                          });
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (ended < batches.size() && std::chrono::steady_clock::now() < until) {
    loop.run_one_until(until);
  }
  if (ended < batches.size()) ++failures;
}

TEST_F(PostgresServerTest, four_books_on_the_same_skus_and_users_do_not_deadlock) {
  for (int i = 0; i < 5; ++i) load("hot-" + std::to_string(i), 100'000);
  for (int i = 0; i < 17; ++i) load("warm-" + std::to_string(i), 100'000);
  PostgresSession server(postgres_url());
  const auto deadlocks = [&server] {
    server("select pg_stat_force_next_flush()");
    return server("select deadlocks from pg_stat_database where datname = '" +
                  shared_database().name() + "'");
  };
  const auto before = deadlocks();
  std::atomic<int> failures = 0;
  std::vector<std::thread> books;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    books.emplace_back([i, &failures] { trade(i, failures); });
  }
  for (auto& book : books) book.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(deadlocks(), before);
  std::int64_t sold = 0;
  for (const auto& row : done(book_->all_stock())) sold += row.sold;
  EXPECT_EQ(sold, 4 * 12 * 20 * 2);
  EXPECT_EQ(run_sql(shared_database().url(), "select count(*) from orders"), "960");
}

}  // namespace
}  // namespace holdfast::testing
