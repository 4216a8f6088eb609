#include "app/parts.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <set>

#include "async/spawn.h"
#include "flows/limits.h"
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
  std::set<Milliseconds> delays{config.refund.delay, flows::limits::kRetryLater};
  for (const auto delay :
       flows::backoff_ladder(config.settlement.retry_first, config.settlement.retry_max)) {
    delays.insert(delay);
  }
  for (const auto delay : delays) {
    options.waits.push_back({queues::orders, delay});
    options.waits.push_back({queues::refunds, delay});
  }
  return options;
}

PostgresOptions postgres_options(const Config& config, std::size_t connections) {
  PostgresOptions options;
  options.url = config.postgres.url;
  options.connections = connections;
  options.timeout = config.postgres.timeout;
  return options;
}

std::map<std::string, Plan> plans_of(const Config& config) {
  std::map<std::string, Plan> plans;
  for (const auto& plan : config.plans) {
    std::vector<PlanStep> steps;
    for (const auto& step : plan.steps) {
      PlanStep planned;
      planned.name = StepName{step.name};
      planned.kind = step.kind;
      planned.points_per = step.per;
      for (const auto& after : step.after) planned.after.push_back(StepName{after});
      steps.push_back(std::move(planned));
    }
    plans.emplace(plan.name, with_version(PlanName{plan.name}, std::move(steps)));
  }
  return plans;
}

RefundPolicy refund_policy(const Config& config) {
  RefundPolicy policy;
  policy.delay = config.refund.delay;
  policy.max_wait = config.refund.max_wait;
  return policy;
}

Parts::Parts(const Config& config, std::size_t book_connections)
    : ledger(loop.get_executor(), redis_options(config)),
      book(loop.get_executor(), postgres_options(config, book_connections)),
      bus(loop.get_executor(), rabbit_options(config)),
      guard(ledger, book, clock) {}

void Parts::start() {
  ledger.start();
  book.start();
  bus.start();
  async::spawn(loop.get_executor(), guard.watch(), "the ledger's guard");
  thread_ = std::thread([this] {
    const auto work = boost::asio::make_work_guard(loop);
    loop.run();
  });
}

void Parts::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(loop, [this] {
    bus.stop();
    book.stop();
    ledger.stop();
    loop.stop();
  });
  thread_.join();
}

}  // namespace holdfast::app
