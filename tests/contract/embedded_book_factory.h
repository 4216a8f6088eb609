#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>

#include "adapters/embedded/order_book.h"
#include "tests/contract/order_book_fixture.h"
#include "tests/support/writer_thread.h"

namespace holdfast::testing {

/// It is always noon.
class NoonClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return OrderBookFixture::kNoon; }
  boost::asio::awaitable<void> sleep(Milliseconds /*unused*/) override {
    co_await boost::asio::post(boost::asio::use_awaitable);
  }
};

/// Books over one database in memory, whose writer is the test's loop.
class EmbeddedBookFactory : public OrderBookFactory {
 public:
  std::unique_ptr<OrderBook> make(boost::asio::io_context& loop) override {
    database_.emplace(writer(loop), ":memory:");
    database_->run_now(embedded::prepare_book);
    return attach(loop);
  }
  std::unique_ptr<OrderBook> attach(boost::asio::io_context& /*loop*/) override {
    return attach({});
  }
  std::unique_ptr<OrderBook> attach_with_points_floor(boost::asio::io_context& /*loop*/) override {
    embedded::BookOptions options;
    options.points_floor_zero = true;
    return attach(std::move(options));
  }

  /// What `make` has made.
  sqlite::Database& database() { return *database_; }

 protected:
  virtual boost::asio::any_io_executor writer(boost::asio::io_context& loop) {
    return loop.get_executor();
  }

 private:
  std::unique_ptr<OrderBook> attach(embedded::BookOptions options) {
    return std::make_unique<embedded::EmbeddedOrderBook>(*database_, clock_, std::move(options));
  }

  NoonClock clock_;
  std::optional<sqlite::Database> database_;
};

/// The same with a thread as the writer, which outlives the database.
class EmbeddedThreadBookFactory final : private WriterThread, public EmbeddedBookFactory {
 protected:
  boost::asio::any_io_executor writer(boost::asio::io_context& /*loop*/) override {
    return executor();
  }
};

}  // namespace holdfast::testing
