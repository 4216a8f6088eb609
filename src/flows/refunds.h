#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "domain/progress.h"
#include "domain/requests.h"
#include "flows/failure.h"
#include "flows/order_updates.h"
#include "flows/order_work.h"
#include "flows/refund_waker.h"
#include "flows/repeat_lookup.h"
#include "flows/stock_release.h"
#include "ports/clock.h"
#include "ports/order_book.h"

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
    OrderUpdates& updates;
    OrderBook& book;
    Clock& clock;
    Ids& ids;
    const OrderWriter& writer;
    OrderFinisher& finisher;
    RefundWaker& waker;
    RepeatLookup& lookup;
  };
  Refunds(Ports ports, StepPolicy policy) : ports_(ports), policy_(policy) {}

  boost::asio::awaitable<Outcome<RefundAnswer>> request(RefundCommand command);
  boost::asio::awaitable<Outcome<RefundAnswer>> preview(OrderId order_id, RefundRequest request);

 private:
  OrderChange record(const OrderAggregate& aggregate, RefundDecision& decision, Instant now,
                     OrderWork& work) const;
  /// `is_early`: the book had not got the order.
  boost::asio::awaitable<void> wake(Refund refund, bool is_early);
  boost::asio::awaitable<bool> names_another_refund(const RefundCommand& command);

  Ports ports_;
  StepPolicy policy_;
};

}  // namespace holdfast::flows
