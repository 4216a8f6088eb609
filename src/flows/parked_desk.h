#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <utility>

#include "codec/messages.h"
#include "flows/failure.h"
#include "flows/order_work.h"
#include "flows/stock_release.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

struct ParkedDeskOptions {
  std::string name_space = "holdfast";  ///< operators see `<name_space>.<queue>`
  Milliseconds retention{86'400'000};   ///< of the journal entry of a reservation that is released
  StepPolicy policy;
};

/// What operators do with parked messages: look, run again, discard.
class ParkedDesk {
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
  ParkedDesk(Ports ports, ParkedDeskOptions options)
      : ports_(ports), options_(std::move(options)) {}

  boost::asio::awaitable<Outcome<Page<ParkedMessage>>> list(ParkedFilter filter, PageRequest page);
  boost::asio::awaitable<Outcome<std::vector<ParkedGroup>>> groups();
  /// Sends matching messages to their queues again, each once; returns how many. `not_found` for a
  /// filter by id that matches none.
  boost::asio::awaitable<Outcome<std::size_t>> retry(ParkedFilter filter, std::string actor);
  /// Gives a message up: its refund ends `failed`, its order is cancelled. Kept in the audit log.
  boost::asio::awaitable<Outcome<bool>> discard(Uuid id, std::string reason, std::string actor);

  /// Stores what comes to the parked queue in the book, until the bus stops. Run it once.
  boost::asio::awaitable<void> record();

 private:
  struct Discard {
    ParkedMessage parked;
    std::string reason;
    AuditEntry audit;
  };
  /// These say whether the row is gone and the audit entry is written, with the effect.
  boost::asio::awaitable<Outcome<bool>> give_up(Discard discard);
  boost::asio::awaitable<Outcome<bool>> fail_refund(Discard discard);
  boost::asio::awaitable<Outcome<bool>> give_up_step(codec::StepWake wake, Discard discard);

  boost::asio::awaitable<Outcome<void>> cancel_orders(ParkedMessage parked);
  boost::asio::awaitable<PortResult<SettleResult>> refuse(codec::IncomingOrder incoming,
                                                          OrderWork& work);
  /// With the queue's name as the book has it; both forms are understood.
  [[nodiscard]] ParkedFilter internal(ParkedFilter filter) const;

  Ports ports_;
  ParkedDeskOptions options_;
};

}  // namespace holdfast::flows
