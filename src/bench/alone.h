#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>
#include <type_traits>
#include <vector>

#include "app/config.h"
#include "app/server_backend.h"
#include "app/system_clock.h"
#include "bench/failure.h"
#include "bench/options.h"
#include "domain/digest.h"
#include "domain/order.h"
#include "domain/plan.h"
#include "ports/message_bus.h"
#include "ports/stock_ledger.h"

// What the measurements share that drive one server alone, as Holdfast does and without it.

namespace holdfast::bench {

inline constexpr std::size_t kOrdersInMessage = 50;  // and outbox entries deleted at a time
inline constexpr std::size_t kOrdersInBatch = 200;   // in one settlement, and marked at a time
inline const std::string kGeneration = "limit";

// The configuration with names that no Holdfast uses.
app::Config under_own_names(app::Config config);
Plan default_plan(const app::Config& config);

// Orders like the benchmark's, one line each.
class OrderMaker {
 public:
  explicit OrderMaker(Plan plan) : plan_(std::move(plan)) {}

  Order next();
  static Sku sku(std::size_t number);
  Instant now() { return clock_.now(); }
  MessageId message_id() { return MessageId{ids_.next()}; }

 private:
  Plan plan_;
  app::SystemIds ids_;
  app::SystemClock clock_;
  const std::string fingerprint_ = sha256_hex("limit");
  std::size_t count_ = 0;
};

ReserveRequest reservation_of(const Order& order);
SettleMark mark_of(const Order& order);
OutgoingMessage message_of(OrderMaker& orders, std::size_t count);

// Runs `tasks` on `loop` until all have ended.
void run_all(boost::asio::io_context& loop, std::vector<boost::asio::awaitable<void>> tasks);
// Stock of all SKUs, under `kGeneration`.
Result<void> open_ledger(boost::asio::io_context& loop, StockLedger& ledger);
// Takes and acknowledges what comes to the orders' queue until the bus stops.
boost::asio::awaitable<void> consume(MessageBus& bus);

// Starts an adapter; false: its server could not be reached.
template <class Port>
bool connect(boost::asio::io_context& loop, Port& port) {
  constexpr std::chrono::seconds kConnectDeadline{10};
  port.start();
  const auto deadline = std::chrono::steady_clock::now() + kConnectDeadline;
  while (!port.connected() && std::chrono::steady_clock::now() < deadline) {
    loop.restart();
    loop.run_for(kPollEvery);
  }
  return port.connected();
}

// Hands `use` a ledger with stock of all SKUs, and the loop it is on.
template <class Use>
auto on_ledger(const app::Config& config, const Use& use)
    -> std::invoke_result_t<Use, boost::asio::io_context&, StockLedger&> {
  boost::asio::io_context loop{1};
  redis::RedisStockLedger ledger(loop.get_executor(), app::redis_options(config));
  if (!connect(loop, ledger)) {
    return unreachable("Redis could not be reached: " + ledger.last_error());
  }
  const auto opened = open_ledger(loop, ledger);
  if (!opened) {
    return tl::make_unexpected(opened.error());
  }
  auto used = use(loop, ledger);
  ledger.stop();
  loop.run_for(kPollEvery);
  return used;
}

// Hands `use` a bus whose orders are consumed, and the loop it is on.
template <class Use>
auto on_bus(const app::Config& config, const Use& use)
    -> std::invoke_result_t<Use, boost::asio::io_context&, MessageBus&> {
  boost::asio::io_context loop{1};
  rabbitmq::RabbitMessageBus bus(loop.get_executor(), app::rabbit_options(config));
  if (!connect(loop, bus)) {
    return unreachable("RabbitMQ could not be reached: " + bus.last_error());
  }
  boost::asio::co_spawn(loop, consume(bus), boost::asio::detached);
  auto used = use(loop, bus);
  bus.stop();
  loop.run_for(kPollEvery);
  return used;
}

}  // namespace holdfast::bench
