#include "sim/storage.h"

#include <utility>

namespace holdfast::sim {
namespace {

constexpr const char* kInMemory = ":memory:";

std::unique_ptr<sqlite::Database> new_database(Context& context,
                                               void (*prepare)(sqlite::Session&)) {
  auto database = std::make_unique<sqlite::Database>(context.executor(), kInMemory);
  database->run_now(prepare);
  return database;
}

embedded::BrokerOptions broker_options() {
  embedded::BrokerOptions options;
  options.max_length = 10'000;
  return options;
}

embedded::BookOptions book_options(std::string event_source) {
  embedded::BookOptions options;
  options.event_source = std::move(event_source);
  return options;
}

}  // namespace

Storage::Storage(Context& context, std::string event_source)
    : context_(context),
      book_options_(book_options(std::move(event_source))),
      ledger_(new_database(context, embedded::prepare_ledger)),
      book_(new_database(context, embedded::prepare_book)),
      bus_(std::make_unique<sqlite::Database>(context.executor(), kInMemory)),
      broker_(std::make_unique<embedded::Broker>(*bus_, context.executor(), clock_,
                                                 broker_options())) {}

Storage::~Storage() = default;

Links Storage::connect() {
  Links links;
  reconnect_ledger(links);
  reconnect_book(links);
  reconnect_bus(links);
  return links;
}

void Storage::reconnect_ledger(Links& links) {
  links.ledger_run = "run-" + std::to_string(ledger_runs_);
  links.ledger =
      std::make_shared<embedded::EmbeddedStockLedger>(context_.executor(), *ledger_, clock_);
}

void Storage::reconnect_book(Links& links) {
  links.book = std::make_shared<embedded::EmbeddedOrderBook>(*book_, clock_, book_options_);
}

void Storage::reconnect_bus(Links& links) {
  if (links.bus) links.bus->stop();
  links.bus = std::make_shared<embedded::EmbeddedMessageBus>(context_.executor(), *broker_);
  links.bus_number = ++buses_;
}

void Storage::restore_ledger(const std::string& image) {
  auto restored = std::make_unique<sqlite::Database>(context_.executor(), kInMemory);
  restored->restore(image);
  ++ledger_runs_;
  replaced_.push_back(std::exchange(ledger_, std::move(restored)));
}

void Storage::empty_ledger() {
  ++ledger_runs_;
  replaced_.push_back(std::exchange(ledger_, new_database(context_, embedded::prepare_ledger)));
}

}  // namespace holdfast::sim
