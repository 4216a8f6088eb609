#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "app/config.h"
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

}  // namespace holdfast::bench
