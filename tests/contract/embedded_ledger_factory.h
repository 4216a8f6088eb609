#pragma once

#include <stdlib.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "adapters/embedded/stock_ledger.h"
#include "adapters/sqlite/database.h"
#include "tests/contract/stock_ledger_fixture.h"

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
    database_.emplace(loop.get_executor(), ":memory:");
    database_->run_now(embedded::prepare_ledger);
    return attach(loop);
  }
  std::unique_ptr<StockLedger> attach(boost::asio::io_context& loop) override {
    return std::make_unique<embedded::EmbeddedStockLedger>(loop.get_executor(), *database_, clock_);
  }

 private:
  EmbeddedLedgerClock clock_;
  std::optional<sqlite::Database> database_;
};

/// In a file, written on a thread of its own, as a process does.
class EmbeddedLedgerOnThread : public StockLedgerFactory {
 public:
  EmbeddedLedgerOnThread() {
    std::string name = (std::filesystem::temp_directory_path() / "holdfast-ledger-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = name;
    writer_ = std::thread([this] { context_.run(); });
  }
  ~EmbeddedLedgerOnThread() override {
    if (database_) database_->drain();
    work_.reset();
    writer_.join();
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::unique_ptr<StockLedger> make(boost::asio::io_context& loop) override {
    database_.emplace(context_.get_executor(), (directory_ / "holdfast.db").string());
    database_->run_now(embedded::prepare_ledger);
    return attach(loop);
  }
  std::unique_ptr<StockLedger> attach(boost::asio::io_context& loop) override {
    return std::make_unique<embedded::EmbeddedStockLedger>(loop.get_executor(), *database_, clock_);
  }

 private:
  EmbeddedLedgerClock clock_;
  std::filesystem::path directory_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
      boost::asio::make_work_guard(context_);
  std::thread writer_;
  std::optional<sqlite::Database> database_;
};

}  // namespace holdfast::testing
