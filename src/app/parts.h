#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "app/config.h"
#include "app/stores.h"
#include "app/system_clock.h"
#include "domain/progress.h"
#include "flows/ledger_guard.h"
#include "flows/order_work.h"
#include "flows/plan_book.h"
#include "flows/stock_release.h"

namespace holdfast::app {

std::map<std::string, Plan> plans_by_name(const Config& config);
StepPolicy step_policy(const Config& config);

/// One loop with its thread and its own way to each store: what every role is built on.
/// Nothing of it is touched from outside its thread but by posting to `loop`. Lives from
/// construction through `start` and `stop`.
struct Parts {
  Parts(const Config& config, Backend& backend, std::size_t book_connections);

  void start();
  /// Ends connections and thread; call it from another one. What was under way is found again
  /// after the next start.
  void stop();

  boost::asio::io_context loop{1};
  SystemClock clock;
  SystemIds ids;
  std::unique_ptr<Stores> stores;
  StockLedger& ledger;
  OrderBook& book;
  MessageBus& bus;
  flows::LedgerGuard guard;
  flows::PlanBook plans;
  flows::OrderWriter writer;
  flows::StockRelease release;
  flows::OrderFinisher finisher;

 private:
  std::thread thread_;
};

}  // namespace holdfast::app
