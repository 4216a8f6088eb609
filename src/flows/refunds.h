#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "domain/decide_refund.h"
#include "domain/requests.h"
#include "flows/failure.h"
#include "ports/clock.h"
#include "ports/message_bus.h"
#include "ports/order_book.h"
#include "ports/stock_ledger.h"

namespace holdfast::flows {

struct RefundCommand {
  OrderId order_id;
  RefundId refund_id;
  RefundRequest request;
};

/// What became of a request; `outcome` is the domain's word for it.
struct RefundAnswer {
  RefundRequestOutcome outcome = RefundRequestOutcome::accepted;
  std::optional<Refund> refund;    ///< of `accepted`, `replayed` and a preview
  std::vector<FieldError> errors;  ///< of `invalid`
  std::string detail;
};

/// Takes requests for refunds: writes the row, then the wake-up. One per API loop.
class Refunds {
 public:
  struct Ports {
    StockLedger& ledger;
    OrderBook& book;
    MessageBus& bus;
    Clock& clock;
    Ids& ids;
  };
  Refunds(Ports ports, RefundPolicy policy) : ports_(ports), policy_(policy) {}

  boost::asio::awaitable<Outcome<RefundAnswer>> request(RefundCommand command);
  boost::asio::awaitable<Outcome<RefundAnswer>> preview(OrderId order_id, RefundRequest request);

 private:
  boost::asio::awaitable<void> wake(Refund refund);
  boost::asio::awaitable<bool> names_another_refund(const RefundCommand& command);

  Ports ports_;
  RefundPolicy policy_;
};

}  // namespace holdfast::flows
