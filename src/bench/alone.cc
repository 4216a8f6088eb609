#include "bench/alone.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "app/config_plans.h"
#include "codec/messages.h"
#include "domain/assert.h"
#include "domain/requests.h"
#include "flows/units.h"

namespace holdfast::bench {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::hours kRetention{24};

asio::awaitable<void> fill(StockLedger& ledger, std::string& error) {
  RebuiltLedger empty;
  empty.generation = kGeneration;
  for (std::size_t number = 0; number < kSkus; ++number) {
    empty.skus.push_back({OrderMaker::sku(number), kUnitsPerSku, std::nullopt, {}});
  }
  empty.journal_retention = kRetention;
  const auto closed = co_await ledger.close();
  if (!closed) {
    error = closed.error().detail;
    co_return;
  }
  const auto rebuilt = co_await ledger.rebuild(std::move(empty));
  if (!rebuilt) {
    error = rebuilt.error().detail;
  }
}

}  // namespace

app::Config under_own_names(app::Config config) {
  config.name_space = fmt::format("holdfast-limit-{}", getpid());
  config.redis.key_prefix = config.name_space;
  return config;
}

Plan default_plan(const app::Config& config) {
  for (auto& plan : app::plans_from(config)) {
    if (plan.name.value == "default") {
      return plan;
    }
  }
  return app::plans_from(config).front();
}

Order OrderMaker::next() {
  const std::size_t number = ++count_;
  OrderRequest request;
  request.user_id.value = fmt::format("limit-{:012}", number);
  request.currency = Currency{"CNY"};
  request.lines.push_back({sku(number * 7 % kSkus), Quantity{1}, Money{1999}});
  NewOrder identity;
  identity.id = OrderId{ids_.next()};
  identity.reservation_id = ReservationId{ids_.next()};
  identity.fingerprint = fingerprint_;
  identity.placed_at = clock_.now();
  return make_order(request, plan_, std::move(identity));
}

Sku OrderMaker::sku(std::size_t number) {
  return Sku{fmt::format("limit-{:04}", number)};
}

ReserveRequest reservation_of(const Order& order) {
  ReserveRequest request;
  request.generation = kGeneration;
  request.order_id = order.id;
  request.reservation_id = order.reservation_id;
  request.fingerprint = order.fingerprint;
  request.user_id = order.user_id;
  request.lines = flows::units_of(order.lines);
  request.payload = codec::to_payload(order, kGeneration);
  request.at = order.placed_at;
  request.outbox_max = 1'000'000;
  return request;
}

SettleMark mark_of(const Order& order) {
  return {order.id, order.reservation_id, flows::units_of(order.lines), kRetention};
}

OutgoingMessage message_of(OrderMaker& orders, std::size_t count) {
  std::vector<std::string> payloads;
  std::vector<codec::OutgoingOrder> outgoing;
  payloads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    payloads.push_back(codec::to_payload(orders.next(), kGeneration));
  }
  for (const auto& payload : payloads) {
    outgoing.push_back({"1700000000000-0", payload});
  }
  OutgoingMessage message;
  message.queue = queues::orders;
  message.id = orders.message_id();
  message.body = codec::orders_message(outgoing);
  return message;
}

// Runs `tasks` on `loop` until all have ended.
void run_all(asio::io_context& loop, std::vector<asio::awaitable<void>> tasks) {
  std::size_t open = tasks.size();
  loop.restart();
  for (auto& task : tasks) {
    asio::co_spawn(loop, std::move(task), [&open](const std::exception_ptr& thrown) {
      if (thrown) {
        std::rethrow_exception(thrown);
      }
      --open;
    });
  }
  while (open > 0) {
    const bool goes_on = loop.run_one() > 0;
    HF_ASSERT(goes_on);  // a task that nothing will resume
  }
}

Result<void> open_ledger(asio::io_context& loop, StockLedger& ledger) {
  std::string error;
  std::vector<asio::awaitable<void>> tasks;
  tasks.push_back(fill(ledger, error));
  run_all(loop, std::move(tasks));
  return error.empty() ? Result<void>() : fail("Redis: " + error);
}

asio::awaitable<void> consume(MessageBus& bus) {
  for (;;) {
    const auto deliveries = co_await bus.receive(queues::orders, {64, Milliseconds{0}});
    if (deliveries.empty()) {
      co_return;
    }
    std::vector<std::uint64_t> tags;
    for (const auto& delivery : deliveries) {
      tags.push_back(delivery.tag);
    }
    (void)co_await bus.ack(queues::orders, std::move(tags));
  }
}

}  // namespace holdfast::bench
