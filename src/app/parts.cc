#include "app/parts.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <set>

#include "app/config_plans.h"
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
  options.event_source = config.events.enabled ? "/holdfast/" + config.name_space : std::string{};
  options.points_floor_zero = config.points.floor == PointsFloor::zero;
  return options;
}

std::map<std::string, Plan> plans_by_name(const Config& config) {
  std::map<std::string, Plan> plans;
  for (auto& plan : plans_from(config)) plans.emplace(plan.name.value, plan);
  return plans;
}

StepPolicy step_policy(const Config& config) {
  StepPolicy policy;
  policy.order_deadline = config.order.deadline;
  policy.refund.delay = config.refund.delay;
  policy.refund.max_wait = config.refund.max_wait;
  return policy;
}

Parts::Parts(const Config& config, std::size_t book_connections)
    : ledger(loop.get_executor(), redis_options(config)),
      book(loop.get_executor(), postgres_options(config, book_connections)),
      bus(loop.get_executor(), rabbit_options(config)),
      guard(ledger, book, clock),
      plans(book, plans_from(config)),
      writer(clock, ids,
             flows::EventWriter("/holdfast/" + config.name_space, config.events.enabled)),
      release(ledger, book, config.journal.retention),
      finisher(bus, clock, release) {}

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
