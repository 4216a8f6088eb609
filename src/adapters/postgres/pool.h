#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "adapters/postgres/connection.h"

namespace holdfast::postgres {

struct PoolOptions {
  std::string url;
  std::size_t connections = 1;
  Milliseconds connect_timeout{};
  SessionSettings session;
};

class Pool;

/// A connection on loan; goes back to the pool at the end of its life.
class Lease {
 public:
  Lease(std::shared_ptr<Pool> pool, std::shared_ptr<Connection> connection)
      : pool_(std::move(pool)), connection_(std::move(connection)) {}
  Lease(Lease&&) = default;
  Lease& operator=(Lease&&) = delete;
  ~Lease();
  Connection* operator->() const { return connection_.get(); }

 private:
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<Connection> connection_;
};

/// Keeps N connections open, opening each again when it is lost, and lends them in the order
/// asked for. Lives on one loop, until `stop` and the end of the last lease.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  Pool(boost::asio::any_io_executor executor, PoolOptions options);

  void start();
  /// Closes all connections; calls under way fail, waiting ones too. For good.
  void stop();
  [[nodiscard]] bool connected() const { return !connections_.empty(); }

  /// Waits for a free connection. Throws Failure, effect none: at once when none is connected and
  /// the last attempt has failed, otherwise when the deadline passes.
  boost::asio::awaitable<Lease> acquire(Deadline deadline);

 private:
  friend class Lease;
  struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor) : timer(executor) {}
    boost::asio::steady_timer timer;
    std::shared_ptr<Connection> connection;
    bool refused = false;
  };

  static boost::asio::awaitable<void> keep_open(std::shared_ptr<Pool> pool, std::size_t slot);
  static boost::asio::awaitable<void> pause(std::shared_ptr<Pool> pool, std::size_t slot,
                                            std::chrono::steady_clock::duration duration);
  Milliseconds jittered(Milliseconds pause);
  std::shared_ptr<Connection> take_idle();
  void give_back(const std::shared_ptr<Connection>& connection);
  void drop(const std::shared_ptr<Connection>& connection);
  void refuse_waiting();

  boost::asio::any_io_executor executor_;
  PoolOptions options_;
  bool stopped_ = false;
  std::string last_error_;  ///< of the last failed attempt; empty until one has failed
  std::vector<std::shared_ptr<Connection>> connections_;  ///< connected, lent or not
  std::deque<std::shared_ptr<Connection>> idle_;
  std::deque<std::shared_ptr<Waiter>> waiting_;
  std::vector<std::unique_ptr<boost::asio::steady_timer>> slots_;  ///< cancelled to wake keep_open
  std::vector<std::shared_ptr<Connection>> in_slot_;
  std::minstd_rand random_;  ///< for jitter only
};

}  // namespace holdfast::postgres
