#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/money.h"

namespace holdfast::sim {

enum class OperationKind {
  place,
  refund,
  report,
  adjust,
  set_stock,
  retry_parked,
  discard_parked,  ///< an operator looks at what is parked and gives one of it up
  look,            ///< at an order, or at a refund of it, waiting for its end
  browse,          ///< lists of everything
  reconcile,
  lose_ledger,  ///< no client's: the ledger loses everything
};

/// What a client asks for. Repeats of an operation have its ids.
struct Operation {
  std::size_t number = 0;
  OperationKind kind = OperationKind::place;
  Milliseconds after{0};  ///< after the start
  OrderId order_id;
  RefundId refund_id;
  std::string user;
  std::string plan;
  struct Line {
    std::string sku;
    std::int64_t quantity = 0;
    std::int64_t unit_price = 0;
    bool restock = true;
  };
  std::vector<Line> lines;  ///< of a refund: none means all that is left
  bool preempts = false;
  std::int64_t refusals = 0;          ///< of an order: so many times the book refuses to settle it
  bool succeeded = true;              ///< of a report
  std::int64_t units = 0;             ///< of stock: the delta, or what is on hand
  std::optional<std::int64_t> limit;  ///< of stock: its new purchase limit
  bool removes_limit = false;         ///< of stock
  std::string adjustment_id;
  int tries = 1;  ///< how often a client sends it while it has no answer
};

/// What a client knows of one sending of an operation.
enum class Knowledge {
  unknown,  ///< no answer came
  ok,       ///< it took place, now or before
  refused,  ///< it did not take place, and the answer says why
};

struct Sending {
  std::size_t operation = 0;
  std::string process;
  Instant sent_at;
  std::optional<Instant> answered_at;
  Knowledge knowledge = Knowledge::unknown;
  std::string answer;        ///< in words: `accepted`, `out_of_stock`, …
  std::string standing;      ///< of the order or refund, as the answer shows it
  bool is_durable = true;    ///< of a placed order: queued, not only reserved
  bool was_settled = false;  ///< the order was in the book when it was sent
};

/// All that clients asked and were told, in the order sent.
struct History {
  std::vector<Operation> operations;
  std::vector<Sending> sendings;
};

/// An event that was published, and how what it tells of stood in the book when it was heard.
struct HeardEvent {
  std::string id;
  std::string type;
  std::string subject;
  std::string standing;  ///< of the order or refund; "": the book has it not
};

/// A reservation that was made, and which generation the ledger was open under when its request
/// came and when it was done; "": closed.
struct Sale {
  std::string order_id;
  std::string asked_under;
  std::string open_before;
  std::string open_after;
};

}  // namespace holdfast::sim
