#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <string>
#include <thread>

#include "adapters/postgres/postgres_order_book.h"
#include "adapters/rabbitmq/rabbit_message_bus.h"
#include "adapters/redis/redis_stock_ledger.h"
#include "app/config.h"
#include "app/system_clock.h"
#include "domain/decide_refund.h"
#include "flows/ledger_guard.h"

namespace holdfast::app {

redis::RedisOptions redis_options(const Config& config);
rabbitmq::RabbitOptions rabbit_options(const Config& config);
PostgresOptions postgres_options(const Config& config, std::size_t connections);
std::map<std::string, Plan> plans_of(const Config& config);
RefundPolicy refund_policy(const Config& config);

/// One loop with its thread and its own connection to each server: what every role is built on.
/// Nothing of it is touched from outside its thread but by posting to `loop`. Lives from
/// construction through `start` and `stop`.
struct Parts {
  Parts(const Config& config, std::size_t book_connections);

  void start();
  /// Ends connections and thread; call it from another one. What was under way is found again
  /// after the next start.
  void stop();

  boost::asio::io_context loop{1};
  SystemClock clock;
  SystemIds ids;
  redis::RedisStockLedger ledger;
  PostgresOrderBook book;
  rabbitmq::RabbitMessageBus bus;
  flows::LedgerGuard guard;

 private:
  std::thread thread_;
};

}  // namespace holdfast::app
