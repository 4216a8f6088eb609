#include "app/server_backend.h"

#include <algorithm>
#include <set>

#include "app/config_plans.h"
#include "app/event_source.h"
#include "flows/outgoing.h"

namespace holdfast::app {

redis::RedisOptions redis_options(const Config& config) {
  redis::RedisOptions options;
  options.url = config.redis.url;
  options.key_prefix = config.redis.key_prefix;
  options.timeout = config.redis.timeout;
  options.require_durable = config.redis.require_durable;
  return options;
}

rabbitmq::RabbitOptions rabbit_options(const Config& config) {
  rabbitmq::RabbitOptions options;
  options.url = config.rabbitmq.url;
  options.name_space = config.name_space;
  options.heartbeat = config.rabbitmq.heartbeat;
  options.rpc_timeout = config.rabbitmq.rpc_timeout;
  options.confirm_window = config.rabbitmq.confirm_window;
  options.max_length = config.queue.max_length;
  options.delivery_limit = config.queue.delivery_limit;
  options.prefetch = 4 * static_cast<std::size_t>(config.settlement.prefetch);
  std::set<Milliseconds> delays{config.refund.delay};
  for (const auto delay :
       flows::backoff_ladder(config.settlement.retry_first, config.settlement.retry_max)) {
    delays.insert(delay);
  }
  for (const auto delay : delays) {
    options.waits.push_back({queues::orders, delay});
    options.waits.push_back({queues::refunds, delay});
  }
  options.queues.push_back(queues::answers);
  for (const auto& plan : plans_from(config)) {
    for (const auto& step : plan.steps) {
      if (is_local(step.kind)) continue;
      options.queues.push_back(queues::step(plan.name, step.name));
      // Workers in other programs find their queue there before the first order.
      if (step.kind == StepKind::amqp) options.queues.push_back(queues::work(step.name));
      options.prefetch = std::max<std::size_t>(options.prefetch, step.concurrency);
    }
  }
  return options;
}

PostgresOptions postgres_options(const Config& config, std::size_t connections) {
  PostgresOptions options;
  options.url = config.postgres.url;
  options.connections = connections;
  options.timeout = config.postgres.timeout;
  options.event_source = config.events.enabled ? event_source(config) : std::string{};
  options.points_floor_zero = config.points.floor == PointsFloor::zero;
  return options;
}

namespace {

class ServerStores final : public Stores {
 public:
  ServerStores(const Config& config, boost::asio::io_context& loop, std::size_t book_connections)
      : ledger_(loop.get_executor(), redis_options(config)),
        book_(loop.get_executor(), postgres_options(config, book_connections)),
        bus_(loop.get_executor(), rabbit_options(config)) {}

  StockLedger& ledger() override { return ledger_; }
  OrderBook& book() override { return book_; }
  MessageBus& bus() override { return bus_; }

  void start() override {
    ledger_.start();
    book_.start();
    bus_.start();
  }
  void stop() override {
    bus_.stop();
    book_.stop();
    ledger_.stop();
  }

  boost::asio::awaitable<std::vector<http::Readiness>> health() override {
    const auto ping = co_await book_.ping();
    std::vector<http::Readiness> all;
    all.push_back(
        {"redis", ledger_.connected(), ledger_.connected() ? "connected" : ledger_.last_error()});
    all.push_back(
        {"rabbitmq", bus_.connected(), bus_.connected() ? "connected" : bus_.last_error()});
    all.push_back({"postgres", ping.has_value(), ping ? "connected" : ping.error().detail});
    co_return all;
  }

  [[nodiscard]] std::optional<std::string> weakness() const override {
    if (!ledger_.is_too_weak()) return std::nullopt;
    return "Redis could lose what was acknowledged: set appendonly yes, appendfsync always and "
           "maxmemory-policy noeviction, or [redis] require_durable = false";
  }

 private:
  redis::RedisStockLedger ledger_;
  PostgresOrderBook book_;
  rabbitmq::RabbitMessageBus bus_;
};

}  // namespace

std::unique_ptr<Stores> ServerBackend::open(boost::asio::io_context& loop, Clock&,
                                            std::size_t book_connections) {
  return std::make_unique<ServerStores>(config_, loop, book_connections);
}

}  // namespace holdfast::app
