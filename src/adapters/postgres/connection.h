#pragma once

#include <libpq-fe.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "adapters/postgres/failure.h"
#include "adapters/postgres/pipeline.h"
#include "domain/money.h"

namespace holdfast::postgres {

using Deadline = std::chrono::steady_clock::time_point;

/// What each connection is told once, by queries/session.sql.
struct SessionSettings {
  Milliseconds statement_timeout{};  ///< after which the server cancels a transaction's statements
  std::string event_source;          ///< `source` of the events that statements make
};

/// One connection to PostgreSQL in pipeline mode. Owns the PGconn. Lives on one loop, used by one
/// coroutine at a time; once broken it stays broken and is replaced by its owner.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::any_io_executor executor, std::string url, SessionSettings settings);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Opens it; once. Resolving a host name blocks (libpq does it); an address does not.
  /// Throws Failure, effect none.
  boost::asio::awaitable<void> connect(Deadline deadline);

  /// Sends all, reads all answers. `pipeline` must outlive the call and end with a Sync. Throws
  /// Failure of the first thing that failed, after the connection is usable again or closed: a
  /// transaction that the failure left open has been rolled back.
  boost::asio::awaitable<Results> run(const Pipeline& pipeline, Deadline deadline);

  /// While nobody uses the connection: calls `on_lost` once when the server ends it.
  void watch(std::function<void()> on_lost);
  void unwatch();

  /// Connected, and no transaction left open. Notices an end the server announced before.
  [[nodiscard]] bool is_usable();
  void close();

 private:
  class Exchange;

  boost::asio::awaitable<void> poll_until_connected(Deadline deadline);
  boost::asio::awaitable<void> set_up_session(Deadline deadline);
  boost::asio::awaitable<std::optional<Failure>> exchange(const Pipeline& pipeline,
                                                          Results& results, Deadline deadline);
  void send_statement(const Statement& statement, const Parameters& parameters);
  boost::asio::awaitable<void> flush();
  boost::asio::awaitable<PGresult*> next_result();
  boost::asio::awaitable<void> wait(boost::asio::posix::stream_descriptor::wait_type type);
  void check_not_ended() const;
  boost::asio::awaitable<void> ready(boost::asio::posix::stream_descriptor::wait_type type);
  void arm(Deadline deadline);
  void adopt_socket();
  void release_socket();
  [[nodiscard]] std::string last_error() const;

  std::string url_;
  SessionSettings settings_;
  PGconn* connection_ = nullptr;
  /// Borrowed from the PGconn, which closes it: released, never closed, here.
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer timer_;
  std::uint64_t armed_ = 0;  ///< tells a timer's late handler that it is over
  bool expired_ = false;
  std::uint64_t watched_ = 0;
  std::unordered_set<std::string_view> prepared_;  ///< names of static statements
};

}  // namespace holdfast::postgres
