#pragma once

#include "adapters/postgres/postgres_order_book.h"
#include "adapters/rabbitmq/rabbit_message_bus.h"
#include "adapters/redis/redis_stock_ledger.h"
#include "app/config.h"
#include "app/stores.h"

namespace holdfast::app {

redis::RedisOptions redis_options(const Config& config);
rabbitmq::RabbitOptions rabbit_options(const Config& config);
PostgresOptions postgres_options(const Config& config, std::size_t connections);

/// Brings the book's schema up to date, under a lock. Exit code as serve.
int migrate_book(const Config& config);

/// Redis, RabbitMQ and PostgreSQL; each loop has connections of its own.
class ServerBackend final : public Backend {
 public:
  explicit ServerBackend(const Config& config) : config_(config) {}
  int prepare() override;
  std::unique_ptr<Stores> open(boost::asio::io_context& loop, Clock& clock,
                               std::size_t book_connections) override;

 private:
  const Config& config_;
};

}  // namespace holdfast::app
