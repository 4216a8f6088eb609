#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <set>
#include <vector>

#include "codec/messages.h"
#include "domain/progress.h"
#include "flows/order_work.h"
#include "flows/outgoing.h"
#include "flows/stock_release.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

struct RefundWorkerOptions {
  StepPolicy policy;
  std::uint32_t attempts = 10;  ///< of a reversal that the book refuses, before it is parked
  Milliseconds retry_first{1000};
  Milliseconds retry_max{60'000};
};

/// Looks at refunds when they are woken: holds them again, carries them out, or ends them. The
/// message is only a wake-up, the row decides. The order of writing is: book commit, messages
/// confirmed, stock to the ledger, the mark that it is there, broker ack.
/// One per worker loop.
class RefundWorker {
 public:
  struct Ports {
    StockLedger& ledger;
    OrderBook& book;
    MessageBus& bus;
    Clock& clock;
    Ids& ids;
    const OrderWriter& writer;
    OrderFinisher& finisher;
  };
  RefundWorker(Ports ports, RefundWorkerOptions options) : ports_(ports), options_(options) {}

  /// Works until the bus stops. Run it once.
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> handle(std::vector<Delivery> deliveries);

  /// Readable from any thread.
  [[nodiscard]] std::uint64_t refunded_count() const { return refunded_count_; }

 private:
  struct Wake {
    codec::RefundWake refund;
    std::uint32_t attempts = 0;
    bool retried = false;  ///< by an operator
  };
  struct Work {
    OrderWork order;
    std::vector<Refund> preempting;       ///< whose orders the book has not got yet
    std::vector<codec::RefundWake> held;  ///< to be looked at again
  };

  std::vector<Wake> decode(const std::vector<Delivery>& deliveries, Work& work);
  boost::asio::awaitable<void> handle_range(std::vector<Wake> wakes, bool journaled, Work& work);
  boost::asio::awaitable<std::vector<OrderRef>> refs_for(std::vector<OrderId> order_ids,
                                                         bool journaled, std::set<OrderId>& lost);
  boost::asio::awaitable<PortResult<std::vector<OrderAggregate>>> update(
      std::vector<OrderRef> refs, const std::vector<Wake>& wakes, const std::set<OrderId>& lost,
      Work& work);
  OrderChange decide(const OrderAggregate& aggregate, const std::vector<Wake>& wakes,
                     const std::set<OrderId>& lost, Instant now, Work& work) const;
  /// Ends refunds that were held for an order until its deadline, though nobody has it.
  void end_overdue(Progress& progress, Instant now) const;
  void look(Progress& progress, const Wake& wake, Instant now, Work& work) const;
  boost::asio::awaitable<void> stop_before_settlement(Refund refund, Work& work);
  boost::asio::awaitable<void> try_again_or_park(Wake wake, std::string detail, Work& work);

  Ports ports_;
  RefundWorkerOptions options_;
  std::atomic<std::uint64_t> refunded_count_ = 0;
};

}  // namespace holdfast::flows
