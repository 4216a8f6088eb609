#include "app/parts.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "app/config_plans.h"
#include "app/event_source.h"
#include "async/spawn.h"

namespace holdfast::app {

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

Parts::Parts(const Config& config, Backend& backend, std::size_t book_connections)
    : stores(backend.open(loop, clock, book_connections)),
      ledger(stores->ledger()),
      book(stores->book()),
      bus(stores->bus()),
      guard(ledger, book, clock),
      plans(book, plans_from(config)),
      writer(clock, ids, flows::EventWriter(event_source(config), config.events.enabled)),
      release(ledger, book, guard, config.journal.retention),
      finisher(bus, clock, release) {}

void Parts::start() {
  stores->start();
  async::spawn(loop.get_executor(), guard.watch(), "the ledger's guard");
  thread_ = std::thread([this] {
    const auto work = boost::asio::make_work_guard(loop);
    loop.run();
  });
}

void Parts::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(loop, [this] {
    stores->stop();
    loop.stop();
  });
  thread_.join();
  stores->settle_down();
}

}  // namespace holdfast::app
