#pragma once

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "adapters/postgres/limits.h"
#include "adapters/postgres/list_query.h"
#include "adapters/postgres/pool.h"
#include "adapters/postgres/postgres_order_book.h"
#include "adapters/postgres/statements.h"

namespace holdfast {

/// What the calls of the book share: the pool, the leader's connection, and how a call is carried
/// out. Each call keeps it alive until the call's end. Lives on the book's loop.
class PostgresOrderBook::Session : public std::enable_shared_from_this<Session> {
 public:
  using Deadline = postgres::Deadline;
  using Parameters = postgres::Parameters;
  using Pipeline = postgres::Pipeline;
  using Result = postgres::Result;
  using Results = postgres::Results;
  using Statement = postgres::Statement;

  Session(boost::asio::any_io_executor executor, PostgresOptions options);
  void start() { pool_->start(); }
  void stop();
  [[nodiscard]] bool connected() const { return pool_->connected(); }

  /// Waits for a connection no longer than half of a call's time: see statement_timeout_.
  boost::asio::awaitable<postgres::Lease> acquire(Deadline deadline) {
    return pool_->acquire(
        std::min(deadline, std::chrono::steady_clock::now() + options_.timeout / 2));
  }
  /// One transaction of one statement.
  boost::asio::awaitable<Result> read(const Statement& statement, Parameters parameters,
                                      Deadline deadline);
  boost::asio::awaitable<Result> write(const Statement& statement, Parameters parameters,
                                       Deadline deadline);
  boost::asio::awaitable<Result> read(postgres::ListQuery query, Deadline deadline);
  boost::asio::awaitable<Result> write(postgres::ListQuery query, Deadline deadline);

  /// `read`, and what `convert` makes of the rows.
  template <class Convert>
  boost::asio::awaitable<std::invoke_result_t<Convert, const Result&>> ask(
      const Statement& statement, Parameters parameters, Deadline deadline, Convert convert) {
    const auto result = co_await read(statement, std::move(parameters), deadline);
    co_return convert(result);
  }
  template <class Convert>
  boost::asio::awaitable<std::invoke_result_t<Convert, const Result&>> ask(
      postgres::ListQuery query, Deadline deadline, Convert convert) {
    const auto result = co_await read(std::move(query), deadline);
    co_return convert(result);
  }

  /// Deadline that the server has for reading a snapshot of the book.
  [[nodiscard]] Milliseconds snapshot_timeout() const {
    return statement_timeout_ * postgres::limits::kSnapshotPatience;
  }

  /// Whether points that are taken stop at a balance of zero.
  [[nodiscard]] bool points_floor_zero() const { return options_.points_floor_zero; }

  boost::asio::awaitable<bool> lead(Deadline deadline);
  boost::asio::awaitable<void> stop_leading(Deadline deadline);

  /// Carries out a call: `attempt(session, deadline)` is run again on a deadlock or serialization
  /// failure, and what it throws becomes the PortError.
  template <class T, class Attempt>
  static boost::asio::awaitable<PortResult<T>> perform(std::shared_ptr<Session> session,
                                                       Attempt attempt, int patience = 1);

 private:
  [[nodiscard]] postgres::SessionSettings session_settings() const {
    return {statement_timeout_, options_.event_source};
  }
  boost::asio::awaitable<Result> run_one(const Statement& statement, Parameters parameters,
                                         bool writes, Deadline deadline);

  /// Marks the leader's connection as in use for its life.
  class Busy {
   public:
    explicit Busy(bool& flag) : flag_(flag) { flag_ = true; }
    ~Busy() { flag_ = false; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    bool& flag_;
  };

  boost::asio::any_io_executor executor_;
  PostgresOptions options_;
  /// After which the server cancels a transaction's statements. The rest of a call's time is for
  /// getting a connection and the answer, so that a call that is late because of the server's locks
  /// ends with the server's word that it did nothing, and not in doubt.
  Milliseconds statement_timeout_;
  std::shared_ptr<postgres::Pool> pool_;
  std::shared_ptr<postgres::Connection> leading_;  ///< opened when this process first tries
  bool leading_is_busy_ = false;
  bool is_leader_ = false;  ///< as of the last call; the lock ends with the connection
  bool stopped_ = false;
};

template <class T, class Attempt>
boost::asio::awaitable<PortResult<T>> PostgresOrderBook::Session::perform(
    std::shared_ptr<Session> session, Attempt attempt, int patience) {
  const auto deadline = std::chrono::steady_clock::now() + session->options_.timeout * patience;
  auto pause = postgres::limits::kFirstRetryPause;
  for (int tried = 1;; ++tried) {
    std::optional<postgres::Failure> failure;
    try {
      if constexpr (std::is_void_v<T>) {
        co_await attempt(*session, deadline);
        co_return PortResult<void>{};
      } else {
        co_return co_await attempt(*session, deadline);
      }
    } catch (const postgres::Failure& thrown) {
      failure = thrown;
    }
    if (!failure->is_repeatable() || tried == postgres::limits::kTransactionAttempts) {
      co_return tl::unexpected(failure->error());
    }
    boost::asio::steady_timer timer(session->executor_, pause);
    pause *= 2;
    boost::system::error_code ignored;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
}

}  // namespace holdfast
