#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "codec/messages.h"
#include "domain/decide_settlement.h"
#include "flows/event_teller.h"
#include "flows/ledger_guard.h"
#include "flows/order_work.h"
#include "flows/outgoing.h"
#include "flows/stock_release.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

struct SettlementOptions {
  std::size_t batch_max = 256;    ///< orders in one transaction
  std::size_t messages_max = 64;  ///< deliveries taken at once
  Milliseconds linger{5};
  std::uint32_t attempts = 8;  ///< of an order that the book refuses, before it is parked
  Milliseconds retry_first{1000};
  Milliseconds retry_max{60'000};
  Milliseconds journal_retention{86'400'000};
  StepPolicy policy;
};

/// What is written of an order that is settled as `decided`: its row, its movements of stock and
/// points.
Settlement settlement_of(const codec::IncomingOrder& incoming, SettlementDecision decided,
                         Instant now);

/// The settlement that writes an order as cancelled, nothing done: the stock journal says that the
/// reservation was made and undone.
std::vector<Settlement> refusal_of(const codec::IncomingOrder& incoming, const Refusal& refusal,
                                   Instant now);

/// What gives the units of a reservation back that will never be settled.
GiveBack release_of(const codec::PlacedOrder& placed, Milliseconds retention);

/// Takes orders from the queue and writes them into the book in batches. The order of writing is:
/// book commit, follow-on messages confirmed, broker ack, then the ledger's settle marks (I8).
/// One per worker loop.
class SettlementFlow {
 public:
  struct Ports {
    StockLedger& ledger;
    OrderBook& book;
    MessageBus& bus;
    Clock& clock;
    Ids& ids;
    LedgerGuard& guard;
    const OrderWriter& writer;
    StockRelease& release;
    EventTeller& teller;
  };
  SettlementFlow(Ports ports, SettlementOptions options) : ports_(ports), options_(options) {}

  /// Settles until the bus stops. Run it once.
  boost::asio::awaitable<void> run();
  /// Settles what one `receive` gave. For `run` and for tests.
  boost::asio::awaitable<void> handle(std::vector<Delivery> deliveries);

  /// Counters, readable from any thread.
  [[nodiscard]] std::uint64_t settled_count() const { return settled_count_; }
  [[nodiscard]] std::uint64_t mismatch_count() const { return mismatch_count_; }

 private:
  struct Item {
    codec::IncomingOrder incoming;
    std::uint32_t attempts = 0;
  };
  /// What a batch leaves to be done after the commit.
  struct Work {
    std::vector<OutgoingMessage> follow_on;
    std::vector<codec::RefundWake> waiting;     ///< refunds that were held for these orders
    std::vector<OutgoingMessage> again;         ///< orders that the ledger cannot take anew yet
    std::vector<EventTeller::Settled> settled;  ///< others are to be told of them
    std::vector<SettleMark> marks;
    std::string generation;  ///< of the ledger, when the work began
    std::vector<GiveBack> releases;
    std::vector<Order> cancelled;  ///< whose stock goes back to the ledger
    std::vector<OrderId> untold;   ///< settled before, perhaps without others being told
    std::set<std::pair<OrderId, ReservationId>> postponed;
  };
  /// Orders ready to be written, and what follows for each once it is.
  struct Prepared {
    SettlementBatch batch;
    std::vector<std::vector<OutgoingMessage>> follow_on;
  };

  std::vector<Item> decode(const std::vector<Delivery>& deliveries, Work& work);
  boost::asio::awaitable<void> settle_range(std::vector<Item> items, Work& work);
  /// `holds_stock`: the ledger has taken the order's units and must give them back.
  boost::asio::awaitable<void> settle_refused(Item item, bool holds_stock, Work& work);
  boost::asio::awaitable<void> settle_stale(Item item, Work& work);
  boost::asio::awaitable<void> finish(std::vector<Delivery> deliveries, Work work);
  boost::asio::awaitable<PortResult<SettleResult>> write(SettlementBatch batch);

  Prepared prepare(const std::vector<Item>& items) const;
  void take_reports(const std::vector<Item>& items, Prepared prepared, const SettleResult& result,
                    std::vector<Item>& stale, Work& work);
  void take_settled(const codec::PlacedOrder& placed, std::shared_ptr<const Order> settled,
                    Work& work);
  void take_other_reservation(const codec::PlacedOrder& placed, Work& work) const;
  void take_settled_before(const codec::PlacedOrder& placed, const SettleReport& report,
                           Work& work) const;
  boost::asio::awaitable<void> tell_again(std::vector<OrderId> order_ids, Work& work);
  /// Whether something is to come of an order that cannot be settled now. Of several messages with
  /// it one goes on: each that did could be doubled again, until there is no end to them.
  static bool is_first_postponed(const codec::PlacedOrder& placed, Work& work);
  void retry_later(Item item, Work& work);
  void try_again_or_park(Item item, std::string detail, Work& work);

  Ports ports_;
  SettlementOptions options_;
  std::atomic<std::uint64_t> settled_count_ = 0;
  std::atomic<std::uint64_t> mismatch_count_ = 0;
};

}  // namespace holdfast::flows
