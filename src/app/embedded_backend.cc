#include "app/embedded_backend.h"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <system_error>
#include <utility>

#include "adapters/embedded/message_bus.h"
#include "adapters/embedded/order_book.h"
#include "adapters/embedded/stock_ledger.h"
#include "app/config_plans.h"
#include "app/event_source.h"
#include "app/exit_codes.h"

namespace holdfast::app {
namespace {

constexpr const char* kFileName = "holdfast.db";

embedded::BookOptions book_options(const Config& config) {
  embedded::BookOptions options;
  options.event_source = config.events.enabled ? event_source(config) : std::string{};
  options.points_floor_zero = config.points.floor == PointsFloor::zero;
  return options;
}

embedded::BrokerOptions broker_options(const Config& config) {
  embedded::BrokerOptions options;
  options.max_length = config.queue.max_length;
  options.delivery_limit = config.queue.delivery_limit;
  return options;
}

class EmbeddedStores final : public Stores {
 public:
  EmbeddedStores(boost::asio::io_context& loop, sqlite::Database& database,
                 embedded::Broker& broker, Clock& clock, const Config& config)
      : database_(database),
        ledger_(loop.get_executor(), database, clock),
        book_(database, clock, book_options(config)),
        bus_(loop.get_executor(), broker) {}

  StockLedger& ledger() override { return ledger_; }
  OrderBook& book() override { return book_; }
  MessageBus& bus() override { return bus_; }

  void start() override {}
  void stop() override { bus_.stop(); }
  void settle_down() override { database_.drain(); }

  boost::asio::awaitable<std::vector<http::Readiness>> health() override {
    const auto ping = co_await book_.ping();
    std::vector<http::Readiness> all;
    all.push_back({"sqlite", ping.has_value(), ping ? "open" : ping.error().detail});
    co_return all;
  }

 private:
  sqlite::Database& database_;
  embedded::EmbeddedStockLedger ledger_;
  embedded::EmbeddedOrderBook book_;
  embedded::EmbeddedMessageBus bus_;
};

/// Says which step of the configuration cannot be carried out here; true when there is none.
bool check_plans(const Config& config) {
  for (const auto& plan : config.plans) {
    for (const auto& step : plan.steps) {
      if (step.kind != StepKind::amqp) continue;
      spdlog::critical(
          "step \"{}\" of plan \"{}\" is of kind amqp, whose workers need RabbitMQ: run `holdfast "
          "serve` with the servers, or make it a step of kind http",
          step.name, plan.name);
      return false;
    }
  }
  return true;
}

}  // namespace

EmbeddedBackend::EmbeddedBackend(const Config& config, std::string folder)
    : config_(config), folder_(std::move(folder)), keeps_open_(writer_.get_executor()) {}

EmbeddedBackend::~EmbeddedBackend() {
  keeps_open_.reset();
  writer_.stop();
  if (thread_.joinable()) thread_.join();
}

std::string EmbeddedBackend::file_in(const std::string& folder) {
  return (std::filesystem::path(folder) / kFileName).string();
}

int EmbeddedBackend::prepare() {
  if (!check_plans(config_)) return exit_codes::kFailed;
  try {
    open_file();
  } catch (const sqlite::Failure& failure) {
    spdlog::critical("the data cannot be opened: {}", failure.detail);
    return exit_codes::kFailed;
  } catch (const std::filesystem::filesystem_error& error) {
    spdlog::critical("the folder for data cannot be made: {}", error.what());
    return exit_codes::kFailed;
  }
  return store_plans() ? exit_codes::kFine : exit_codes::kFailed;
}

void EmbeddedBackend::open_file() {
  std::filesystem::create_directories(folder_);
  const auto path = file_in(folder_);
  database_ = std::make_unique<sqlite::Database>(writer_.get_executor(), path);
  database_->run_now([](sqlite::Session& session) {
    embedded::prepare_ledger(session);
    embedded::prepare_book(session);
  });
  broker_ = std::make_unique<embedded::Broker>(*database_, writer_.get_executor(), clock_,
                                               broker_options(config_));
  thread_ = std::thread([this] { writer_.run(); });
  spdlog::info("data is in {}", path);
}

bool EmbeddedBackend::store_plans() {
  boost::asio::io_context loop{1};
  embedded::EmbeddedOrderBook book(*database_, clock_, book_options(config_));
  auto stored =
      boost::asio::co_spawn(loop, book.store_plans(plans_from(config_)), boost::asio::use_future);
  loop.run();
  const auto result = stored.get();
  if (!result) spdlog::critical("the plans cannot be stored: {}", result.error().detail);
  return result.has_value();
}

std::unique_ptr<Stores> EmbeddedBackend::open(boost::asio::io_context& loop, Clock& clock,
                                              std::size_t) {
  return std::make_unique<EmbeddedStores>(loop, *database_, *broker_, clock, config_);
}

}  // namespace holdfast::app
