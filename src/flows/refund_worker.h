#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <vector>

#include "codec/messages.h"
#include "domain/decide_refund.h"
#include "flows/outgoing.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

struct RefundWorkerOptions {
  RefundPolicy policy;
  std::uint32_t attempts = 10;  ///< of a reversal that the book refuses, before it is parked
  Milliseconds retry_first{1000};
  Milliseconds retry_max{60'000};
};

/// Looks at refunds when they are woken: holds them again, carries them out, or ends them. The
/// message is only a wake-up, the row decides. The order of writing is: book commit, delayed
/// messages confirmed, stock to the ledger, the mark that it is there, broker ack.
/// One per worker loop.
class RefundWorker {
 public:
  struct Ports {
    StockLedger& ledger;
    OrderBook& book;
    MessageBus& bus;
    Clock& clock;
    Ids& ids;
  };
  RefundWorker(Ports ports, RefundWorkerOptions options) : ports_(ports), options_(options) {}

  /// Works until the bus stops. Run it once.
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> handle(std::vector<Delivery> deliveries);
  /// Gives the stock of carried-out refunds back to the ledger and marks them. Returns how many.
  boost::asio::awaitable<std::size_t> release(std::vector<OrderBook::Unreleased> refunds);

  /// Readable from any thread.
  [[nodiscard]] std::uint64_t refunded_count() const { return refunded_count_; }

 private:
  struct Wake {
    codec::RefundWake refund;
    std::uint32_t attempts = 0;
    bool retried = false;  ///< by an operator
  };
  struct Work {
    std::vector<OutgoingMessage> follow_on;
    std::vector<OrderBook::Unreleased> released;
  };

  std::vector<Wake> decode(const std::vector<Delivery>& deliveries, Work& work);
  boost::asio::awaitable<void> handle_range(std::vector<Wake> wakes, bool journaled, Work& work);
  boost::asio::awaitable<std::vector<OrderRef>> refs_for(std::vector<OrderId> order_ids,
                                                         bool journaled);
  boost::asio::awaitable<PortResult<std::vector<OrderAggregate>>> update(
      std::vector<OrderRef> refs, const std::vector<Wake>& wakes, Work& work);
  OrderChange decide(const OrderAggregate& aggregate, const std::vector<Wake>& wakes, Instant now,
                     Work& work) const;
  void reverse(OrderChange& change, Order& order, Refund refund, Instant now, Work& work) const;
  boost::asio::awaitable<void> try_again_or_park(Wake wake, std::string detail, Work& work);

  Ports ports_;
  RefundWorkerOptions options_;
  std::atomic<std::uint64_t> refunded_count_ = 0;
};

}  // namespace holdfast::flows
