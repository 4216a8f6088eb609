#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/planned_order.h"
#include "domain/requests.h"
#include "flows/ledger_guard.h"
#include "flows/limits.h"
#include "flows/outbox_publisher.h"
#include "flows/repeat_lookup.h"
#include "flows/sold_out_gate.h"
#include "flows/units.h"
#include "ports/clock.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

/// A valid request and the id it goes by.
struct PlaceCommand {
  OrderRequest request;
  OrderId order_id;
  bool id_from_client = false;  ///< body or Idempotency-Key: may be the repeat of an earlier one
};

enum class PlaceOutcome {
  unknown_plan,
  rebuilding,   ///< the ledger is closed; no effect
  unavailable,  ///< Redis is away; the same id may safely be sent again
  replayed,
  conflict,
  overloaded,  ///< more than can be settled comes, or can be kept; no effect
  unknown_sku,
  out_of_stock,
  limit_exceeded,
  accepted,
};

/// `queued`: RabbitMQ has confirmed it. `reserved`: Redis has it on disk, RabbitMQ not yet, or
/// Redis has lost its data meanwhile.
enum class Durability { reserved, queued };

struct PlaceAnswer {
  PlaceOutcome outcome = PlaceOutcome::unavailable;
  OrderId order_id;
  std::optional<OrderAggregate> order;  ///< of `accepted` and `replayed`, as it stands now
  Durability durability = Durability::reserved;
  std::vector<Shortage> shortages;
  std::vector<Sku> unknown_skus;
  std::optional<LimitBreach> limit;
  std::string detail;
  std::uint32_t retry_after_s = 1;
};

enum class AckPolicy { queued, reserved };

struct AdmissionOptions {
  AckPolicy ack = AckPolicy::queued;
  Milliseconds ack_timeout{2000};
  std::int64_t outbox_max = 1'000'000;
  std::size_t max_in_flight = 750;   ///< orders being answered
  std::int64_t max_backlog = 5'000;  ///< orders accepted and not settled, while that goes on
};

/// Takes orders: one reservation in the ledger, then the outbox. One per API loop.
class Admission {
 public:
  struct Ports {
    StockLedger& ledger;
    OrderBook& book;
    Clock& clock;
    Ids& ids;
    LedgerGuard& guard;
    OutboxPublisher& publisher;
    RepeatLookup& repeats;
  };

  Admission(Ports ports, const std::map<std::string, Plan>& plans, AdmissionOptions options);

  boost::asio::awaitable<PlaceAnswer> place(PlaceCommand command);
  /// The SKU's stock was changed by way of this process: whoever asks next is not told of before.
  void stocked(const Sku& sku) { gate_.open(sku); }

 private:
  boost::asio::awaitable<PlaceAnswer> place_under(PlaceCommand command, const PlannedOrder& plan,
                                                  std::string generation, std::int64_t room);
  boost::asio::awaitable<PlaceAnswer> answer_repeat(PlaceCommand command, JournalEntry entry,
                                                    std::string fingerprint);
  boost::asio::awaitable<PlaceAnswer> answer_refusal(PlaceCommand command, ReserveResult result,
                                                     std::optional<bool> known,
                                                     std::string fingerprint);
  /// The gate is closed for it, but it may be a repeat.
  boost::asio::awaitable<PlaceAnswer> answer_sold_out(PlaceCommand command, Shortage shortage);
  boost::asio::awaitable<PlaceAnswer> answer_from_book(PlaceCommand command,
                                                       std::string fingerprint);
  boost::asio::awaitable<PlaceAnswer> answer_unplanned(PlaceCommand command);
  /// What may be in the outbox for one more order to be taken: nothing, where there is too much to
  /// do. The ledger still knows a repeat then.
  [[nodiscard]] std::int64_t room() const;
  static PlaceAnswer repeat_of(PlaceCommand command, OrderAggregate found,
                               const std::string& fingerprint);

  Ports ports_;
  std::map<std::string, PlannedOrder> plans_;
  AdmissionOptions options_;
  SoldOutGate gate_{limits::kSoldOutFor};
  std::size_t in_flight_ = 0;
};

}  // namespace holdfast::flows
