#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "http/services.h"

// What stands behind the resources in their tests: flows whose answers the test gives. Their
// methods are defined in fake_flows_test.cc in place of the real ones, and find the world through
// the clock they were built with.

namespace holdfast::http {

struct FakeWorld final : Clock, Ids, Operations {
  template <class T>
  using Answer = std::function<T>;

  Instant time{std::chrono::milliseconds(1'767'225'600'000)};  // 2026-01-01T00:00:00Z
  std::uint8_t next_id = 0;

  Answer<flows::PlaceAnswer(const flows::PlaceCommand&)> place;
  Answer<flows::Outcome<OrderAggregate>(OrderId)> order;
  Answer<flows::Outcome<OrderAggregate>(OrderId, Milliseconds)> wait_for_order;
  Answer<flows::Outcome<Page<OrderAggregate>>(const OrderFilter&, const PageRequest&)> list_orders;
  Answer<flows::Outcome<Refund>(RefundId)> refund;
  Answer<flows::Outcome<Refund>(RefundId, Milliseconds)> wait_for_refund;
  Answer<flows::Outcome<Page<Refund>>(const RefundFilter&, const PageRequest&)> list_refunds;
  Answer<flows::Outcome<flows::StockView>(const Sku&)> stock;
  Answer<flows::Outcome<Page<flows::StockView>>(const PageRequest&)> list_stock;
  Answer<flows::Outcome<Page<JournalRow>>(const Sku&, const PageRequest&)> stock_journal;
  Answer<flows::Outcome<PointsRow>(const UserId&)> points;
  Answer<flows::Outcome<flows::RefundAnswer>(const flows::RefundCommand&)> request_refund;
  Answer<flows::Outcome<flows::RefundAnswer>(OrderId, const RefundRequest&)> preview_refund;
  Answer<flows::Outcome<flows::ReportAnswer>(OrderId, const StepName&, const StepReport&)> report;
  Answer<flows::Outcome<flows::StockDeskAnswer>(const flows::SetStock&)> set_stock;
  Answer<flows::Outcome<flows::StockDeskAnswer>(const flows::AdjustStock&)> adjust_stock;
  Answer<flows::Outcome<Page<ParkedMessage>>(const ParkedFilter&, const PageRequest&)> list_parked;
  Answer<flows::Outcome<std::vector<ParkedGroup>>()> parked_groups;
  Answer<flows::Outcome<std::size_t>(const ParkedFilter&, const std::string&)> retry_parked;
  Answer<flows::Outcome<bool>(Uuid, const std::string&, const std::string&)> discard_parked;
  Answer<flows::Outcome<flows::ReconciliationReport>()> reconcile;
  Answer<flows::Outcome<flows::ReconciliationReport>(const std::string&)> on_repair;
  std::vector<Readiness> dependencies;
  struct Counted {
    std::string method;
    std::string route;
    int status = 0;
  };
  std::vector<Counted> counted;
  bool count_answers = true;

  [[nodiscard]] Instant now() const override { return time; }
  boost::asio::awaitable<void> sleep(Milliseconds) override { co_return; }
  Uuid next() override {
    Uuid id;
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    id.bytes[15] = ++next_id;
    return id;
  }
  boost::asio::awaitable<flows::Outcome<bool>> pause_worker() override { co_return true; }
  boost::asio::awaitable<flows::Outcome<bool>> resume_worker() override { co_return true; }
  boost::asio::awaitable<flows::Outcome<flows::ReconciliationReport>> repair(
      std::string actor) override {
    co_return on_repair(actor);
  }
  boost::asio::awaitable<std::vector<Readiness>> readiness() override { co_return dependencies; }
  boost::asio::awaitable<boost::json::object> status() override {
    boost::json::object status;
    status["backlog"] = 0;
    co_return status;
  }
  std::string metrics() override { return "holdfast_up 1\n"; }
  void answered(const std::string& method, const std::string& route, int status,
                std::chrono::microseconds) override {
    if (count_answers) counted.push_back({method, route, status});
  }
};

/// Room where a port would stand that no fake flow ever calls: flows hold references to ports.
template <class Port>
struct Unused {
  alignas(Port) std::array<std::byte, sizeof(Port)> room{};
  Port& port() { return *std::launder(reinterpret_cast<Port*>(room.data())); }
};

/// The fake flows, wired to one world.
struct FakeFlows {
  explicit FakeFlows(FakeWorld& world)
      : admission({ledger.port(), book.port(), world, world, guard.port(), publisher.port(),
                   repeats.port()},
                  {}, {}),
        queries({ledger.port(), book.port(), world}),
        refunds({updates.port(), book.port(), world, world, writer.port(), finisher.port(),
                 waker.port(), repeats.port()},
                {}),
        reports({updates.port(), world, writer.port(), finisher.port()}, {}),
        stock({ledger.port(), book.port(), world, world, guard.port()}),
        parked(
            {ledger.port(), book.port(), bus.port(), world, world, writer.port(), finisher.port()},
            {}),
        reconciliation({ledger.port(), book.port(), bus.port(), world}),
        services{admission, queries,        refunds, reports, stock,
                 parked,    reconciliation, world,   world,   world} {}

  Unused<StockLedger> ledger;
  Unused<OrderBook> book;
  Unused<MessageBus> bus;
  Unused<flows::LedgerGuard> guard;
  Unused<flows::OutboxPublisher> publisher;
  Unused<flows::RepeatLookup> repeats;
  Unused<flows::OrderUpdates> updates;
  Unused<flows::OrderWriter> writer;
  Unused<flows::OrderFinisher> finisher;
  Unused<flows::RefundWaker> waker;
  flows::Admission admission;
  flows::Queries queries;
  flows::Refunds refunds;
  flows::StepReports reports;
  flows::StockDesk stock;
  flows::ParkedDesk parked;
  flows::Reconciliation reconciliation;
  Services services;
};

/// An order as the book might hold it: two lines, two steps, completed.
OrderAggregate sample_order();
Refund sample_refund();
/// An answer that accepts what was asked for.
flows::PlaceAnswer accept(const flows::PlaceCommand& command);

}  // namespace holdfast::http
