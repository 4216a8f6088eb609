#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "adapters/embedded/stock_ledger.h"
#include "adapters/sqlite/database.h"
#include "tests/contract/stock_ledger_fixture.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/writer_thread.h"

namespace holdfast::testing {

/// Stands still at the fixture's noon: nothing expires by itself.
class EmbeddedLedgerClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return StockLedgerFixture::kNoon; }
  boost::asio::awaitable<void> sleep(Milliseconds) override { co_return; }
};

/// In memory, written on the test's loop, as a simulator does.
class EmbeddedLedgerOnLoop : public StockLedgerFactory {
 public:
  std::unique_ptr<StockLedger> make(boost::asio::io_context& loop) override {
    open(loop.get_executor(), ":memory:");
    return attach(loop);
  }
  std::unique_ptr<StockLedger> attach(boost::asio::io_context& loop) override {
    return std::make_unique<embedded::EmbeddedStockLedger>(loop.get_executor(), *database_, clock_);
  }

 protected:
  void open(boost::asio::any_io_executor writer, const std::string& path) {
    database_.emplace(std::move(writer), path);
    database_->run_now(embedded::prepare_ledger);
  }
  /// Before what it is written on goes.
  void close() {
    if (database_) database_->drain();
    database_.reset();
  }

 private:
  EmbeddedLedgerClock clock_;
  std::optional<sqlite::Database> database_;
};

/// In a file, written on a thread of its own, as a process does.
class EmbeddedLedgerOnThread : public EmbeddedLedgerOnLoop {
 public:
  ~EmbeddedLedgerOnThread() override { close(); }

  std::unique_ptr<StockLedger> make(boost::asio::io_context& loop) override {
    open(writer_.executor(), directory_.file("holdfast.db"));
    return attach(loop);
  }

 private:
  TemporaryDirectory directory_;
  WriterThread writer_;
};

}  // namespace holdfast::testing
