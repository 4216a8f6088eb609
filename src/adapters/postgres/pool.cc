#include "adapters/postgres/pool.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "adapters/postgres/limits.h"

namespace holdfast::postgres {

using std::chrono::steady_clock;

Lease::~Lease() {
  if (connection_) pool_->give_back(connection_);
}

Pool::Pool(boost::asio::any_io_executor executor, PoolOptions options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      random_(std::random_device{}()) {}

void Pool::start() {
  for (std::size_t slot = 0; slot < options_.connections; ++slot) {
    slots_.push_back(std::make_unique<boost::asio::steady_timer>(executor_));
    in_slot_.push_back(nullptr);
    boost::asio::co_spawn(executor_, keep_open(shared_from_this(), slot), boost::asio::detached);
  }
}

void Pool::stop() {
  stopped_ = true;
  last_error_ = "stopped";
  for (const auto& connection : connections_) connection->close();
  connections_.clear();
  idle_.clear();
  for (const auto& slot : slots_) slot->cancel();
  refuse_waiting();
}

boost::asio::awaitable<void> Pool::pause(std::shared_ptr<Pool> pool, std::size_t slot,
                                         steady_clock::duration duration) {
  boost::system::error_code ignored;
  pool->slots_[slot]->expires_after(duration);
  co_await pool->slots_[slot]->async_wait(
      boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

Milliseconds Pool::jittered(Milliseconds pause) {
  std::uniform_int_distribution<Milliseconds::rep> between(pause.count() / 2, pause.count());
  return Milliseconds(between(random_));
}

boost::asio::awaitable<void> Pool::keep_open(std::shared_ptr<Pool> pool, std::size_t slot) {
  auto next_pause = limits::kFirstReconnectPause;
  while (!pool->stopped_) {
    auto connection =
        std::make_shared<Connection>(pool->executor_, pool->options_.url, pool->options_.session);
    std::string error;
    try {
      co_await connection->connect(steady_clock::now() + pool->options_.connect_timeout);
    } catch (const Failure& failure) {
      error = failure.what();
    }
    if (pool->stopped_) co_return connection->close();
    if (!error.empty()) {
      if (pool->last_error_ != error) spdlog::warn("postgresql: cannot connect: {}", error);
      pool->last_error_ = std::move(error);
      if (!pool->connected()) pool->refuse_waiting();
      const auto this_pause = pool->jittered(next_pause);
      next_pause = std::min(next_pause * 2, limits::kLastReconnectPause);
      co_await pause(pool, slot, this_pause);
      continue;
    }
    next_pause = limits::kFirstReconnectPause;
    pool->last_error_.clear();
    pool->in_slot_[slot] = connection;
    pool->connections_.push_back(connection);
    pool->give_back(connection);
    while (!pool->stopped_ && pool->in_slot_[slot]) {
      co_await pause(pool, slot, std::chrono::hours(24));
    }
    // Many processes lose their connections together: they must not come back together.
    if (!pool->stopped_) co_await pause(pool, slot, pool->jittered(limits::kFirstReconnectPause));
  }
}

std::shared_ptr<Connection> Pool::take_idle() {
  while (!idle_.empty()) {
    // The one used last: its server process is warm.
    auto connection = idle_.back();
    idle_.pop_back();
    connection->unwatch();
    if (connection->is_usable()) return connection;
    drop(connection);
  }
  return nullptr;
}

boost::asio::awaitable<Lease> Pool::acquire(Deadline deadline) {
  const auto self = shared_from_this();
  if (stopped_) throw unavailable("PostgreSQL: stopped");
  if (waiting_.empty()) {
    if (auto connection = take_idle()) co_return Lease(self, std::move(connection));
  }
  if (!connected() && !last_error_.empty()) throw unavailable("PostgreSQL: " + last_error_);
  if (waiting_.size() >= limits::kMaxWaiting) throw unavailable("too many wait for PostgreSQL");
  const auto waiter = std::make_shared<Waiter>(executor_);
  waiting_.push_back(waiter);
  waiter->timer.expires_at(deadline);
  boost::system::error_code ignored;
  co_await waiter->timer.async_wait(
      boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  if (waiter->connection) co_return Lease(self, std::move(waiter->connection));
  if (waiter->refused) throw unavailable("PostgreSQL: " + last_error_);
  std::erase(waiting_, waiter);
  throw too_late("no free connection to PostgreSQL in time");
}

void Pool::give_back(const std::shared_ptr<Connection>& connection) {
  if (stopped_) return connection->close();
  if (!connection->is_usable()) return drop(connection);
  if (!waiting_.empty()) {
    const auto waiter = waiting_.front();
    waiting_.pop_front();
    waiter->connection = connection;
    waiter->timer.cancel();
    return;
  }
  idle_.push_back(connection);
  connection->watch([weak = weak_from_this(), connection] {
    if (const auto pool = weak.lock()) pool->drop(connection);
  });
}

void Pool::drop(const std::shared_ptr<Connection>& connection) {
  spdlog::warn("postgresql: connection lost");
  connection->close();
  std::erase(connections_, connection);
  std::erase(idle_, connection);
  for (std::size_t slot = 0; slot < in_slot_.size(); ++slot) {
    if (in_slot_[slot] != connection) continue;
    in_slot_[slot] = nullptr;
    slots_[slot]->cancel();
  }
}

void Pool::refuse_waiting() {
  for (const auto& waiter : waiting_) {
    waiter->refused = true;
    waiter->timer.cancel();
  }
  waiting_.clear();
}

}  // namespace holdfast::postgres
