#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/history.h"
#include "sim/provider.h"
#include "sim/storage.h"
#include "sim/workload.h"

namespace holdfast::sim {

class World;

struct LineEvidence {
  std::string sku;
  std::int64_t quantity = 0;
  std::int64_t unit_price = 0;
  bool restock = true;  ///< of a refund's line
};

struct StepEvidence {
  std::string name;
  std::string kind;
  std::string status;
  bool outcome_unknown = false;
};

struct OrderEvidence {
  std::string id;
  std::string user;
  std::string status;
  std::int64_t amount = 0;
  std::int64_t refunded_amount = 0;
  std::int64_t points_earned = 0;
  std::vector<LineEvidence> lines;
  std::vector<StepEvidence> steps;
};

struct RefundEvidence {
  std::string id;
  std::string order_id;
  std::string status;
  std::int64_t amount = 0;
  std::vector<LineEvidence> lines;
};

struct MovementEvidence {
  std::string kind;
  std::string cause;
  std::string subject;  ///< SKU or user
  std::int64_t delta = 0;
};

struct StockEvidence {
  std::int64_t loaded = 0;
  std::int64_t sold = 0;
  std::int64_t returned = 0;
  std::optional<std::int64_t> purchase_limit;
};

struct LevelEvidence {
  std::int64_t available = 0;
  std::int64_t reserved = 0;
  std::optional<std::int64_t> purchase_limit;
  bool limit_changing = false;
  std::map<std::string, std::int64_t> bought;  ///< by user, of a SKU with a limit
};

/// What a run left behind, read from the tables by plain SQL, and what clients and the provider
/// saw of it.
struct Evidence {
  std::map<std::string, OrderEvidence> orders;
  std::map<std::string, RefundEvidence> refunds;
  std::map<std::string, StockEvidence> stock;
  std::map<std::string, LevelEvidence> levels;
  std::vector<MovementEvidence> stock_journal;
  std::vector<MovementEvidence> points_journal;
  std::map<std::string, std::int64_t> points;
  std::int64_t parked = 0;
  std::int64_t outbox = 0;
  std::int64_t unsettled = 0;
  std::int64_t queued = 0;
  std::int64_t pending_changes = 0;
  std::vector<Provider::Record> provided;
  std::vector<Sale> sales;
  bool tells_events = false;
  std::vector<HeardEvent> heard;
  History history;
  Workload workload;
  Milliseconds retention{0};             ///< of the journal
  bool book_failed = false;              ///< at some time a call of it, or the whole of it
  std::set<std::string> refused_orders;  ///< that the book would not settle for a while
  std::vector<std::string> given_up;     ///< by an operator, as the audit log tells it
  bool ledger_lost_data = false;         ///< at some time; what it alone had is gone then
  std::vector<Instant> ledger_losses;    ///< when
};

Evidence gather(World& world);
/// The token of the generation that the ledger is open under; "": closed.
std::string ledger_generation(Storage& storage);
/// An event as a listener gets it, and how what it tells of stands in the book.
HeardEvent heard_event(Storage& storage, const std::string& body);
bool has_order(Storage& storage, const OrderId& order_id);
/// What has not come to its end yet, in words; empty when all has.
std::string unrest(Storage& storage);

}  // namespace holdfast::sim
